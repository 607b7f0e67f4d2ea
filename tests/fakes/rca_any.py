"""Any stories that a journal could tell, with words that strangers would choose."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from core.events import schema
from core.events.base import Payload
from core.events.commit import Draft
from core.events.schema import Failure, RunCreated
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
from core.runs.evolve import evolve
from core.runs.model import Run
from tests.fakes.clock import NOON
from tests.fakes.commits import RUN_ID, committed

STORED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "unit" / "stored_events.json").read_text()
)
CREATED = schema.read(next(one for one in STORED if one["type"] == "run.created"))
# Of these a run's fold cannot make sense: they are of other streams.
FOREIGN = ("pull.", "delivery.", "memory.", "audit.", "writer.")
OF_RUNS = [one for one in STORED if not one["type"].startswith(FOREIGN)]
HOSTILE = st.sampled_from(
    [
        *("@octocat", "#12", "<img src=x>", "<b>", "</b>", "`", "``", "|", "\n", "\\"),
        *("![a](https://a.example/b.png)", "<!-- nofx", "-->", "&#64;octocat", "`@x`"),
        *("[a](javascript:x)", "# ", "- ", "| a | b |\n|-|-|\n", "/nofx rerun", "**"),
    ]
)
WORDS = st.lists(HOSTILE | st.text(max_size=4), max_size=6).map("".join)
# What a move says of its machine stays as it is, or the fold would not know it.
KEPT = {"transition", "from", "to", "time", "due_at"}
CODES = [
    *("github_credentials", "github_permission", "github_not_found", "github_invalid"),
    *("github_rate_limited", "github_unavailable", "unclear_answer", "step_timeout"),
    *("store_unavailable", "model_refused", "model_answer", "overrides", "head_moved"),
    *("MemoryError", "OSError", "KeyError", ""),
]
failures = st.builds(
    Failure,
    code=st.sampled_from(CODES) | WORDS,
    known=st.booleans(),
    status=st.none() | st.sampled_from([401, 403, 404, 422, 503]),
    errno=st.none() | st.sampled_from([12, 28, 111]),
    place=st.just("bot/github/wire.py:88") | WORDS,
    fingerprint=st.sampled_from(["", "0f1e2d3c"]),
    facts=st.dictionaries(st.sampled_from(["path", "reason", "method"]), WORDS),
)
REASONS = WORDS | st.sampled_from(
    [
        "5 workers were lost over it",
        "not done 7200 seconds after it was queued",
        "approval: nobody decided",
        "superseded by run run_2",
        "its last checkpoint cannot be read: There is no blob 1.",
        "GitHub refused POST /x with 422: no",
    ]
)


@st.composite
def events(draw: st.DrawFn) -> Payload:
    """Give an event of a run whose texts are anybody's."""
    stored = draw(st.sampled_from(OF_RUNS))
    data = dict(stored["data"])
    for name, value in stored["data"].items():
        if isinstance(value, str) and name not in KEPT and draw(st.booleans()):
            data[name] = draw(REASONS)
    if "failure" in data or stored["type"].startswith("step."):
        data["failure"] = draw(st.none() | failures)
        data["failure"] = data["failure"] and data["failure"].model_dump()
    try:
        return schema.read({"type": stored["type"], "data": data})
    except ValidationError:
        return schema.read(stored)


def _after(run: Run | None, draft: Draft) -> Run | None:
    """Return the run after a commit, or None where a writer would have refused it."""
    try:
        return evolve(run, committed(draft))
    except KeyError:
        return None


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Give a story that any events make, however little they fit together."""
    run = _after(
        None, Draft(stream=f"run/{RUN_ID}", seq=1, time=NOON, events=(CREATED,))
    )
    assert run is not None
    told, now = [_told(CREATED, 1, 0, NOON)], NOON
    for event in draw(st.lists(events(), max_size=25)):
        now += timedelta(seconds=draw(st.sampled_from([0, 0.05, 3, 4000])))
        seq = run.head_seq + 1
        draft = Draft(stream=f"run/{RUN_ID}", seq=seq, time=now, events=(event,))
        following = _after(run, draft)
        if following is not None and not isinstance(event, RunCreated):
            run = following
            told.append(_told(event, seq, 0, now))
    left = [
        _told(event, number, 0, now, stream="left")
        for number, event in enumerate(draw(st.lists(events(), max_size=3)), start=1)
    ]
    gone = draw(st.integers(0, 3))
    return Story(
        run=run,
        as_of=now,
        told=tuple(told[:1] + told[1 + gone :]),
        left_out=gone,
        left=tuple(left),
        log=tuple(draw(st.lists(lines, max_size=2))),
        steps=tuple(draw(st.lists(ends, max_size=3))),
        setup=draw(setups),
        before=tuple(draw(st.lists(befores, max_size=3))),
        green=draw(st.none() | greens),
        wrote_last=draw(st.sampled_from([{}, {"w_1": NOON}])),
        budget=draw(st.none() | st.just(BUDGET)),
    )


def _told(event: Payload, seq: int, index: int, time: Any, stream: str = "run") -> Told:
    name = f"{stream}/{RUN_ID}:{seq}.{index}"
    return Told(id=name, seq=seq, time=time, writer="w_1", event=event)


BUDGET = Budget(run_seconds=7200, step_seconds=600, lease_seconds=60)
lines = st.builds(
    LogLine,
    number=st.integers(1, 99),
    step=WORDS,
    attempt=st.just(1),
    time=st.just("2026-01-05T12:00:00Z"),
    level=st.just("warning"),
    event=WORDS,
    place=WORDS,
)
ends = st.builds(
    StepEnd,
    step=st.sampled_from(["snapshot", "review"]) | WORDS,
    status=st.sampled_from(["succeeded", "failed", "held"]),
    summary=WORDS,
    digest=st.sampled_from(["", "sha256:1", "sha256:2"]),
    seconds=st.floats(0, 1e6),
)
setups = st.builds(
    Setup,
    model=WORDS,
    overrides=st.dictionaries(WORDS, WORDS, max_size=2),
    programs=st.lists(WORDS, max_size=2).map(tuple),
    decided_by=st.dictionaries(WORDS, st.dictionaries(WORDS, WORDS), max_size=2),
)
befores = st.builds(
    Before,
    run_id=WORDS,
    repository=WORDS,
    pull=st.integers(0, 9),
    fingerprint=st.sampled_from(["0f1e2d3c", "1"]),
    status=st.sampled_from(["succeeded", "failed", "dead"]),
    outcome=WORDS,
    created_at=st.just(NOON),
    finished_at=st.none(),
)
changes = st.builds(
    StateChange, step=WORDS, path=WORDS, kind=st.just("added"), words=WORDS
)
greens = st.builds(
    Green,
    run_id=WORDS,
    pull=st.integers(0, 9),
    head_sha=WORDS,
    finished_at=st.just(NOON),
    same_pull=st.booleans(),
    steps=st.lists(ends, max_size=3).map(tuple),
    setup=setups,
    diverged=st.lists(changes, max_size=12).map(tuple),
)
