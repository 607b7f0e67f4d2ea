"""An event of any size is kept in little room, and comes back as it was."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.events.base import JSON, Payload
from core.events.commit import Commit, Draft, from_document, verify_chain
from core.events.cutting import (
    BEGINNING,
    BLOBS,
    COMMIT_LIMIT,
    KEPT,
    LIMIT,
    cut,
    put_away,
    whole,
)
from core.events.schema import EffectPerformed, FindingProposed, RunSuperseded, read
from core.runs import decide, part_moves
from core.runs.evolve import evolve
from core.store.blobs import canonical, digest_of
from tests.fakes.clock import NOON
from tests.fakes.commits import Story, committed

STORED = Path(__file__).parent / "stored_events.json"
EXAMPLES: list[JSON] = json.loads(STORED.read_text())


class Shelf:
    """Blobs in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    async def put(self, value: Any) -> str:
        """Keep a value."""
        digest = digest_of(canonical(value))
        self.values[digest] = value
        return digest

    async def get(self, digest: str) -> Any:
        """Return a value."""
        return self.values[digest]


async def stored(shelf: Shelf, *events: Payload) -> Commit:
    """Return the commit of these events as a journal makes it."""
    draft = Draft(stream="x/1", seq=1, time=NOON, events=events)
    made = cut(events)
    if made is not None:
        data = await put_away(made, shelf.put)
        draft = Draft(stream="x/1", seq=1, time=NOON, events=made.events, cut=data)
    return committed(draft)


async def read_back(shelf: Shelf, commit: Commit) -> Commit:
    """Return a commit as a journal reads it from its document."""
    document = json.loads(json.dumps(commit.document(), default=str))
    document["time"] = commit.time
    events = [
        {**one, "data": await whole(one["data"], shelf.get, texts=False)}
        for one in document["events"]
    ]
    return from_document(document, events)


def inflated(value: Any, size: int) -> Any:
    """Return a value of the same kind that is about so large."""
    match value:
        case str():
            return value + "é" * (size // 2)
        case list():
            return [*value, *("x" * 50 for _ in range(size // 50))]
        case dict():
            return {**value, "more": "sha256:" + "x" * size}
        case _:
            return value


SIZES = st.sampled_from([10, BEGINNING, 30_000, LIMIT, 300_000])
# Which example, and how large which of its fields are: what is drawn stays small.
WISHES = st.tuples(
    st.sampled_from(range(len(EXAMPLES))),
    st.dictionaries(st.integers(0, 12), SIZES, max_size=4),
)


def event_of(place: int, sizes: dict[int, int]) -> Payload:
    """Return an event of any known type, some of its fields as large as can be."""
    example = EXAMPLES[place]
    data = dict(example["data"])
    for at, name in enumerate(sorted(set(data) - KEPT)):
        large = {**data, name: inflated(data[name], sizes.get(at, 0))}
        try:
            read({"type": example["type"], "data": large})
        except ValidationError:
            continue  # it is one of few words
        data = large
    return read({"type": example["type"], "data": data})


@settings(deadline=None)
@given(st.lists(WISHES, min_size=1, max_size=4))
async def test_events_of_any_size_are_stored_small_and_read_back(
    wishes: list[tuple[int, dict[int, int]]],
) -> None:
    """Each within 64 KiB; what a reader has is what the writer went on with."""
    made = [event_of(place, sizes) for place, sizes in wishes]
    shelf = Shelf()
    commit = await stored(shelf, *made)

    for event in commit.document()["events"]:
        data = {name: one for name, one in event["data"].items() if name != BLOBS}
        # As it is stored: the spaces that Python puts between many short items add up.
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        assert len(text.encode()) <= LIMIT * 1.01
        assert type(read(event)) is type(read({**event, "data": data}))
    back = await read_back(shelf, commit)
    assert back == commit
    assert verify_chain([back.document()]) == commit.stored_hash
    for event, original in zip(commit.document()["events"], made, strict=True):
        entire = await whole(event["data"], shelf.get)
        assert entire == original.stored()["data"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one["type"])
def test_events_of_the_usual_size_are_left_alone(example: JSON) -> None:
    """Nothing is looked at twice."""
    assert cut([read(example)]) is None


async def test_a_text_keeps_its_beginning_also_in_the_program() -> None:
    """Whoever folds the journal later must come to the same."""
    shelf = Shelf()
    event = RunSuperseded(by_run="r" * LIMIT, head_sha="h")

    commit = await stored(shelf, event)

    (kept,) = commit.events
    assert isinstance(kept, RunSuperseded)
    assert kept.by_run == "r" * BEGINNING + "…"
    data = commit.document()["events"][0]["data"]
    assert data["head_sha"] == "h"
    assert data[BLOBS]["by_run"]["bytes"] == LIMIT + 2


async def test_a_run_folds_to_the_same_from_what_was_cut() -> None:
    """An effect's answer is whole wherever the program goes on with it."""
    shelf = Shelf()
    story = Story()
    story.add(part_moves.effect_intended(story.run, "review", "review", "d"))
    answer = {"posted": {f"fp{number}": number for number in range(20_000)}}
    performed = part_moves.effect_performed("review", answer)
    moved = decide.moved(story.run, "claim", actor="w", reason="x" * LIMIT * 2)
    made = cut([performed, moved])
    assert made is not None
    draft = decide.draft(story.run, made.events, NOON)
    commit = committed(
        Draft(
            stream=draft.stream,
            seq=draft.seq,
            time=NOON,
            events=draft.events,
            from_=draft.from_,
            to=draft.to,
            fence=draft.fence,
            prev_hash=draft.prev_hash,
            cut=await put_away(made, shelf.put),
        )
    )

    once = evolve(story.run, commit)
    again = evolve(story.run, await read_back(shelf, commit))

    assert once == again
    assert again.effects["review"].result == answer


async def test_many_events_fit_into_one_document() -> None:
    """A thousand of nearly 64 KiB each are 60 MB; a document holds 16."""
    made = [
        FindingProposed(
            subject=f"f{number}",
            transition="propose",
            from_=None,
            to="proposed",
            finding={"body": f"{number}" + "x" * 60_000},
        )
        for number in range(1000)
    ]

    commit = await stored(Shelf(), *made)

    assert len(json.dumps(commit.document(), default=str)) <= COMMIT_LIMIT


async def test_an_unknown_event_is_cut_and_read_like_others() -> None:
    """Also one that a newer program has cut."""
    shelf = Shelf()
    event = read({"type": "moon.landed", "data": {"text": "x" * LIMIT, "n": [1]}})

    commit = await stored(shelf, event)
    back = await read_back(shelf, commit)

    assert back == commit
    data = commit.document()["events"][0]["data"]
    assert await whole(data, shelf.get) == event.stored()["data"]


def test_what_the_database_compares_is_never_cut() -> None:
    """A move without its row would be refused, one without its subject be lost."""
    performed = EffectPerformed(
        subject="s" * LIMIT,
        transition="perform",
        from_="intended",
        to="performed",
        result={},
    )
    made = cut([performed])
    assert made is not None
    assert made.events == (performed,)
