"""Differences beside the event loop: by size in a thread or a process of their own."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import jsonpatch
import pytest

from core.checkpoints.diff import apart, difference, wire, worker
from core.checkpoints.diff.apart import compared
from core.checkpoints.diff.model import DiffLimits, DiffRules, StateDiff
from core.checkpoints.json_values import ABSENT, same
from core.checkpoints.merge_rules import BY_PAIR, MergeRules, by_field
from core.clock import SystemClock
from core.errors.rca import DiffUnprovenError
from core.events.base import JSON
from tests.fakes.waiting import eventually

RULES = DiffRules(
    lists=MergeRules(identities={"/pairs": BY_PAIR, "/rows": by_field("name")}),
    noise=("/took",),
)


def state(size: int, *, other: bool = False) -> JSON:
    """Return a state of so many rows; `other` has six true edits."""
    rows: list[Any] = [{"name": f"row {at}", "n": float(at)} for at in range(size)]
    pairs: list[Any] = [["a", 1], ["b", None]]
    if other:
        rows.insert(size // 2, {"name": "new", "n": "\ud7ff ✓"})
        rows[3]["n"] = 3
        pairs.reverse()
        pairs[0][1] = -0.0
    return {"rows": rows, "pairs": pairs, "took": 2 if other else 1}


def children() -> set[int]:
    """Return the processes that this one has started and that are still there."""
    found = set[int]()
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that just ended
            found |= set(map(int, (thread / "children").read_text().split()))
    return found


@pytest.mark.parametrize("size", [10, 500, 40_000])
async def test_every_size_has_the_same_difference(size: int) -> None:
    """Inline, in a thread and in a process; the last is gone afterwards."""
    before, after = state(size), state(size, other=True)
    there = children()
    found = await compared(before, after, rules=RULES, grace=60.0)
    assert found == difference.difference(before, after, rules=RULES)
    assert same(jsonpatch.apply_patch(before, list(found.operations)), after)
    assert {one.kind for one in found.changes} == {"added", "changed", "moved"}
    assert found.counts["noise"] == 1
    assert children() <= there


async def test_large_equal_states_have_none() -> None:
    """Nothing is lost on the way when there is nothing to tell."""
    found = await compared(state(40_000), state(40_000), grace=60.0)
    assert found.same
    assert found.truncated == ()


async def test_several_can_be_found_at_once() -> None:
    """Each has its own process, and the loop goes on meanwhile."""
    before, after = state(20_000), state(20_000, other=True)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    counting = asyncio.create_task(count())
    found = await asyncio.gather(
        *(
            compared(before, {**after, "took": at}, rules=RULES, grace=60.0)
            for at in range(4, 8)
        )
    )
    counting.cancel()
    assert turns > 1
    assert [one.operations[-1]["value"] for one in found] == [4, 5, 6, 7]


async def test_a_process_that_takes_too_long_is_killed() -> None:
    """The answer says so, and replaces the state as a whole."""
    before, after = state(40_000), state(40_000, other=True)
    there = children()
    found = await compared(before, after, limits=DiffLimits(seconds=0.0), grace=0.0)
    assert children() <= there
    assert found.truncated[0] == (
        "all but that the states differ: no difference was found in 0 seconds"
    )
    assert [one["op"] for one in found.operations] == ["test", "replace"]
    assert same(jsonpatch.apply_patch(before, list(found.operations)), after)


async def test_a_process_that_is_late_answers_what_it_has() -> None:
    """It keeps the time itself, before it has to be killed."""
    found = await compared(
        state(40_000),
        state(40_000, other=True),
        limits=DiffLimits(seconds=0.0),
        grace=60.0,
    )
    assert "what was left after 0 seconds" in found.truncated[0]
    assert len(found.operations) == 2


@pytest.mark.parametrize("grace", [0.5, 1.0, 1.5, 2.0, 2.5])
async def test_it_can_be_killed_at_any_moment(grace: float) -> None:
    """Also in the middle of a long answer."""
    there = children()
    limits = DiffLimits(seconds=0.0)
    after = state(40_000, other=True)
    found = await compared(state(40_000), after, limits=limits, grace=grace)
    assert children() <= there
    assert len(found.operations) == 2


async def test_who_no_longer_waits_leaves_no_process_behind() -> None:
    """A cancelled question is answered by nobody."""
    there = children()
    asking = asyncio.create_task(
        compared(state(40_000), state(40_000, other=True), rules=RULES)
    )
    await eventually(lambda: bool(children() - there))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert children() <= there


async def test_a_process_that_breaks_down_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its last words are kept, and the state is replaced as a whole."""
    monkeypatch.setattr(apart, "PROGRAM", "core.nowhere")
    found = await compared(state(40_000), state(40_000, other=True))
    assert "the process ended with 1" in found.truncated[0]
    assert "No module named" in found.truncated[0]
    assert len(found.operations) == 2


def test_rules_limits_and_nothing_travel_unchanged() -> None:
    """What is asked and answered is read as it was written."""
    limits = DiffLimits(seconds=0.5, depth=3, operations=7, changes=2, text=9)
    asked = wire.Question(before={"a": 1.0}, after=[-0.0], rules=RULES, limits=limits)
    read = wire.Question.read(asked.written())
    assert read == asked
    assert same(read.after, [-0.0])
    answer = worker.answer(asked.written(), SystemClock())
    assert wire.read(answer) == difference.difference(
        {"a": 1.0}, [-0.0], rules=RULES, limits=limits
    )
    null = StateDiff(
        operations=(),
        changes=difference.difference({}, {"a": None}).changes,
        counts={},
    )
    (change,) = wire.read(wire.written(null)).changes
    assert (change.before, change.after) == (ABSENT, None)


def test_a_difference_that_does_not_hold_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process says so, and so does who asked it."""
    monkeypatch.setattr(difference, "operations_of", lambda *_: [{"op": "test"}])
    asked = wire.Question(
        before={"a": 1}, after={"a": 2}, rules=RULES, limits=DiffLimits()
    )
    answer = worker.answer(asked.written(), SystemClock())
    assert json.loads(answer)["unproven"]["before"] == "the earlier state"
    with pytest.raises(DiffUnprovenError):
        wire.read(answer)
