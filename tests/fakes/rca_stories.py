"""Runs' stories from lists of stored events, recorded from real workers."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from core.events import schema
from core.events.commit import Commit, Draft
from core.rca.story import (
    Before,
    Budget,
    Green,
    LogLine,
    Setup,
    StateChange,
    StepEnd,
    Story,
    Told,
)
from core.runs.evolve import fold

FOLDER = Path(__file__).parents[1] / "unit" / "rca_stories"
Json = Mapping[str, Any]


def recorded(name: str) -> Json:
    """Return a recorded story's document."""
    document: Json = json.loads((FOLDER / f"{name}.json").read_text())
    return document


def names() -> list[str]:
    """Return the names of all recorded stories."""
    return sorted(one.stem for one in FOLDER.glob("*.json"))


def story_of(document: Json) -> Story:
    """Return the story that a document tells.

    `events` are lines of `seq`, `time`, `writer`, `type` and `data`, those with one
    number in one commit; all else has defaults.
    """
    run_id, lines = document["run_id"], document["events"]
    commits = list(_commits(f"run/{run_id}", lines))
    told = tuple(_told(f"run/{run_id}", lines))
    budget = document.get("budget")
    green = document.get("green")
    return Story(
        run=fold(run_id, commits),
        as_of=commits[-1].time,
        told=told,
        left_out=document.get("left_out", 0),
        left=tuple(_told(f"left/{run_id}", document.get("left", []))),
        log=tuple(LogLine(**one) for one in document.get("log", [])),
        steps=tuple(_steps(told)),
        setup=Setup(**document.get("setup", {})),
        before=tuple(_before(one) for one in document.get("before", [])),
        green=_green(green) if green else None,
        wrote_last=_times(document.get("wrote_last", {})),
        budget=Budget(**budget) if budget else None,
    )


def _commits(stream: str, lines: Iterable[Json]) -> Iterator[Commit]:
    fence = 0
    for seq, group in groupby(lines, key=lambda line: int(line["seq"])):
        together = list(group)
        events = tuple(schema.read(dict(line)) for line in together)
        moves = [one for one in events if isinstance(one, schema.RunStateChanged)]
        fence += sum(one.transition in {"claim", "lose_lease"} for one in moves)
        draft = Draft(
            stream=stream,
            seq=seq,
            time=datetime.fromisoformat(together[0]["time"]),
            events=events,
            fence=fence,
        )
        yield _committed(draft, str(together[0]["writer"]))


def _committed(draft: Draft, writer: str) -> Commit:
    values = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    return Commit(**values, writer=writer, wseq=draft.seq, stored_hash="0" * 64)


def _told(stream: str, lines: Iterable[Json]) -> Iterator[Told]:
    for seq, group in groupby(lines, key=lambda line: int(line["seq"])):
        for index, line in enumerate(group):
            yield Told(
                id=f"{stream}:{seq}.{index}",
                seq=seq,
                time=datetime.fromisoformat(line["time"]),
                writer=str(line["writer"]),
                event=schema.read(dict(line)),
            )


def _steps(told: Iterable[Told]) -> Iterator[StepEnd]:
    """Yield how steps ended, each with the digest of the state behind it."""
    every = list(told)
    behind = {
        (one.seq, one.event.step): one.event.digest
        for one in every
        if isinstance(one.event, schema.CheckpointCaptured)
        and one.event.kind == "after"
    }
    for one in every:
        if isinstance(one.event, schema.StepFinished):
            yield StepEnd(
                step=one.event.subject,
                status=one.event.to,
                summary=one.event.summary,
                digest=behind.get((one.seq, one.event.subject), ""),
                seconds=one.event.seconds,
            )


def _before(one: Json) -> Before:
    return Before(**{**one, **_times(one, "created_at", "finished_at")})


def _green(one: Json) -> Green:
    return Green(
        **{
            **one,
            **_times(one, "finished_at"),
            "steps": tuple(StepEnd(**step) for step in one.get("steps", [])),
            "setup": Setup(**one.get("setup", {})),
            "diverged": tuple(StateChange(**c) for c in one.get("diverged", [])),
        }
    )


def _times(values: Json, *names: str) -> dict[str, Any]:
    wanted = names or tuple(values)
    return {
        name: datetime.fromisoformat(values[name]) for name in wanted if values[name]
    }
