"""A worker that lets go of a run without ending its try says so beside the run."""

import asyncio

import pytest
from typing_extensions import override

from bot.api.parts import verification
from core.errors import ConcurrencyError, LeaseLostError, StoreUnavailableError
from core.events.base import JSON
from core.events.commit import Commit, Draft
from core.events.journal import Journal
from core.events.schema import WorkerLeft
from core.runs.left import LeftNotes, Letting, Patience, left_stream
from core.runs.pipeline import StepContext
from core.store.blobs import Blobs
from tests.fakes.acts import FROZEN, taken_back, waiting
from tests.fakes.clock import FakeClock
from tests.fakes.log_lines import production_log
from tests.fakes.stage import Stage, fine, serving

SHORT = Patience(tries=60.0, first=0.01, last=0.01, waiting=2)


async def notes(stage: Stage, run_id: str) -> list[WorkerLeft]:
    """Return what workers left about a run, oldest first."""
    commits = await stage.runs.journal.read(left_stream(run_id))
    found = [event for commit in commits for event in commit.events]
    assert all(isinstance(event, WorkerLeft) for event in found)
    return [event for event in found if isinstance(event, WorkerLeft)]


class Unreliable(Journal):
    """A journal that refuses the first appends, each in its way."""

    def __init__(self, real: Journal, *errors: Exception) -> None:
        self._real = real
        self.errors = list(errors)
        self.taken = asyncio.Event()

    @override
    async def read(self, stream: str) -> tuple[Commit, ...]:
        """Read as the real one does."""
        return await self._real.read(stream)

    @override
    async def append(self, draft: Draft) -> Commit:
        """Refuse, or append as the real one does."""
        if self.errors:
            raise self.errors.pop(0)
        commit = await self._real.append(draft)
        self.taken.set()
        return commit


async def test_a_zombie_that_wakes_says_that_it_was_fenced(
    stage: Stage, gate: asyncio.Event
) -> None:
    """With the claim under which it worked, and the step that it was at."""
    begun = asyncio.Event()

    async def asleep(context: StepContext) -> JSON:
        begun.set()
        return await waiting(gate)(context)

    stage.pipeline.script("two", asleep, fine)
    run_id = await stage.ask()
    frozen = stage.worker("zombie", pace=FROZEN, own=True)
    zombie = asyncio.create_task(frozen.work_one())
    await begun.wait()
    await taken_back(stage)
    async with serving(stage.worker("living")):
        await stage.until(run_id, "succeeded")
    assert await notes(stage, run_id) == []
    gate.set()
    await zombie
    (note,) = await notes(stage, run_id)
    assert (note.why, note.worker, note.fence, note.step) == (
        *("fenced", "zombie", 1),
        "two",
    )
    assert (note.repository, note.pull) == ("octo/hello", 1)
    assert note.failure is not None
    assert note.failure.code == "lease_lost"
    known = await verification(stage.runs.journal, Blobs(stage.database), run_id)
    assert known.intact


async def test_a_bug_around_a_walk_is_told_of(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no step did ends up in no step's history."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("core.runs.setbacks.next_try", broken)

    async def away(_: StepContext) -> JSON:
        raise StoreUnavailableError(reason="away")

    stage.pipeline.script("one", away)
    run_id = await stage.ask()
    await stage.worker().work_one()
    (note,) = await notes(stage, run_id)
    assert (note.why, note.step, note.error) == ("crashed", "one", "ZeroDivisionError")
    assert note.failure is not None
    assert note.failure.place.startswith("core/runs/setbacks.py:")


async def test_what_was_left_cannot_be_changed_unseen(stage: Stage) -> None:
    """The proof of a run covers the notes about it."""
    run_id = await stage.ask()
    run = await stage.run(run_id)
    left = LeftNotes(
        stage.runs.journal, clock=stage.runs.clock, mask=lambda value: value
    )
    letting = Letting(run=run, worker="w", fence=1, step="one", why="crashed")
    await left.leave(letting, ValueError())
    await left.leave(letting, ValueError())
    assert len(await notes(stage, run_id)) == 2
    await stage.database.db["journal"].update_one(
        {"_id": f"{left_stream(run_id)}:1"},
        {"$set": {"events.0.data.worker": "another"}},
    )
    proof = await verification(stage.runs.journal, Blobs(stage.database), run_id)
    assert not proof.intact


async def test_a_note_waits_for_the_database(stage: Stage) -> None:
    """It is tried again, also when another note was faster."""
    run = await stage.run(await stage.ask())
    lost = ConcurrencyError(stream="left/x", seq=1)
    away = StoreUnavailableError(reason="away")
    journal = Unreliable(stage.runs.journal, lost, away, away)
    left = LeftNotes(journal, clock=stage.runs.clock, mask=lambda value: value)
    letting = Letting(run=run, worker="w", fence=1, step="one", why="unavailable")
    await left.leave(letting, LeaseLostError(run_id=run.id, fence=1))
    await journal.taken.wait()
    assert [one.why for one in await notes(stage, run.id)] == ["unavailable"]


async def test_notes_are_given_up_in_the_end(stage: Stage) -> None:
    """When there are many, when it takes too long, and when the process ends."""
    run = await stage.run(await stage.ask())
    clock = FakeClock()
    away = [StoreUnavailableError(reason="away") for _ in range(1000)]
    journal = Unreliable(stage.runs.journal, *away)
    left = LeftNotes(journal, clock=clock, mask=lambda value: value, patience=SHORT)
    with production_log() as logged:
        for number in range(3):
            letting = Letting(
                run=run, worker="w", fence=number, step="one", why="crashed"
            )
            await left.leave(letting, ValueError())
        assert [one["reason"] for one in logged.lines("worker.left_unsaid")] == [
            "too many others wait"
        ]
        await left.close()
        given_up = logged.lines("worker.left_unsaid")
    assert [one["reason"] for one in given_up][1:] == ["the process ends"] * 2
    assert {one["run_id"] for one in given_up} == {run.id}
    assert await notes(stage, run.id) == []
