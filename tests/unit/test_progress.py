"""A step that takes long says how far it has come, and a short one says nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from typing_extensions import override

from bot.models.rules import RulesReviewer
from bot.models.rules.analyzer import Report, SourceFile
from bot.models.rules.batches import MOST_RUNS, Failed, in_batches
from core.clock import SystemClock
from core.errors import LeaseLostError, StoreUnavailableError
from core.events.commit import Commit, Draft
from core.events.schema import StepProgressed
from core.runs import decide, step_moves
from core.runs.handle import RunHandle
from core.runs.progress import EVERY, Progress
from core.sandbox import Sandbox
from core.secrets.finder import shared_finder
from tests.fakes.changes import request
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.commits import RUN_ID, ListJournal, Story

STREAM = f"run/{RUN_ID}"


class AwayJournal(ListJournal):
    """A journal whose database may be away."""

    away = False

    @override
    async def append(self, draft: Draft) -> Commit:
        if self.away:
            raise StoreUnavailableError(reason="away")
        await asyncio.sleep(0)
        return await super().append(draft)


class Desk:
    """A run in whose step `one` a worker is, and the step's progress."""

    def __init__(self) -> None:
        self.story = Story()
        self.story.move("claim")
        self.story.add(*step_moves.step_started(self.story.run, "one"))
        self.journal = AwayJournal(self.story.commits)
        self.clock = FakeClock()
        self.handle = RunHandle(
            self.story.run,
            journal=self.journal,
            projection=None,
            clock=self.clock,
            fence=1,
        )
        self.progress = Progress(self.handle, step="one", clock=self.clock)

    def said(self) -> list[StepProgressed]:
        """Return what the journal tells of the step's progress."""
        return [
            event
            for commit in self.journal.streams[STREAM]
            for event in commit.events
            if isinstance(event, StepProgressed)
        ]


async def test_a_step_that_is_quick_says_nothing() -> None:
    """It would cost a commit, and nobody could have read it."""
    desk = Desk()
    before = len(desk.journal.streams[STREAM])
    for done in range(1000):
        await desk.progress.told(done, 1000, "file")
        desk.clock.jump(EVERY / 1001)
    assert len(desk.journal.streams[STREAM]) == before


async def test_a_long_step_says_how_far_it_is() -> None:
    """With the attempt that it is in, so that a later one is told from it."""
    desk = Desk()
    desk.clock.jump(EVERY)
    await desk.progress.told(3, 40, "file")
    assert desk.said() == [
        StepProgressed(step="one", done=3, of=40, unit="file", attempt=1)
    ]
    assert desk.handle.run.step("one") == "running"


@given(st.lists(st.floats(0, 10), max_size=30))
async def test_there_is_never_more_than_one_in_two_seconds(pauses: list[float]) -> None:
    """Whenever it is told; the last before an end may go unsaid."""
    desk = Desk()
    for pause in pauses:
        desk.clock.jump(pause)
        await desk.progress.told(1, 2, "file")
    times = [
        commit.time
        for commit in desk.journal.streams[STREAM]
        if any(isinstance(event, StepProgressed) for event in commit.events)
    ]
    assert all(
        (late - early).total_seconds() >= EVERY - 0.001
        for early, late in zip([NOON, *times], times, strict=False)
    )
    assert bool(times) is (sum(pauses) >= EVERY)


async def test_many_tasks_at_once_make_one_commit() -> None:
    """Files are read at the same time, and the run is one."""
    desk = Desk()
    desk.clock.jump(EVERY)
    await asyncio.gather(*(desk.progress.told(n, 9, "file") for n in range(9)))
    assert len(desk.said()) == 1


async def test_progress_is_for_the_eye() -> None:
    """A step does not fail for want of it; the next time it is tried again."""
    desk = Desk()
    desk.journal.away = True
    desk.clock.jump(EVERY)
    with capture_logs() as logged:
        await desk.progress.told(1, 2, "file")
    assert [one["event"] for one in logged] == ["progress.untold"]
    desk.journal.away = False
    await desk.progress.told(1, 2, "file")
    assert desk.said() == []
    desk.clock.jump(EVERY)
    await desk.progress.told(2, 2, "file")
    assert [one.done for one in desk.said()] == [2]


async def test_a_worker_that_lost_its_run_finds_out() -> None:
    """It stops in the middle of its step, and says nothing of it."""
    desk = Desk()
    await desk.journal.append(
        decide.draft(
            desk.story.run,
            decide.taken_back(desk.story.run, fence=1, reason="silence"),
            NOON,
        )
    )
    desk.clock.jump(EVERY)
    with pytest.raises(LeaseLostError):
        await desk.progress.told(1, 2, "file")
    assert desk.said() == []


async def test_a_step_that_has_ended_says_nothing_more() -> None:
    """A task that outlives its step is not heard."""
    desk = Desk()
    await desk.handle.append(
        lambda run: (step_moves.step_ended(run, "one", "succeed"),)
    )
    desk.clock.jump(EVERY)
    await desk.progress.told(1, 2, "file")
    assert desk.said() == []


@given(st.integers(0, 60), st.sets(st.integers(0, 59)))
async def test_every_file_of_a_batch_is_counted_once(count: int, bad: set[int]) -> None:
    """Also where batches are halved because some files break the analyzer."""
    read: list[int] = []

    async def run(batch: Sequence[SourceFile]) -> Report | Failed:
        await asyncio.sleep(0)
        broken = any(int(Path(one.path).stem) in bad for one in batch)
        return Failed(reason="broke") if broken else Report()

    async def told(more: int) -> None:
        await asyncio.sleep(0)
        read.append(more)

    files = [
        SourceFile(path=f"{n}.py", content=b"\r" * (n % 7 == 0)) for n in range(count)
    ]
    await in_batches(files, run, told)
    assert sum(read) == count
    assert len(read) <= MOST_RUNS * 3


async def test_the_rules_reviewer_counts_up_to_the_whole_change() -> None:
    """Of each kind of file, and of those that no analyzer reads."""
    reviewer = RulesReviewer(
        sandbox=Sandbox(), finder=shared_finder(), clock=SystemClock()
    )
    counts: list[int] = []

    async def read(count: int) -> None:
        await asyncio.sleep(0)
        counts.append(count)

    workflow = b"on: push\njobs: {}\n"
    change = request(
        {
            "a.py": b"x = 1\n",
            "b.py": b"y = 2\n",
            ".github/workflows/ci.yml": workflow,
            "notes.txt": b"hello\n",
            "gone.py": None,
        },
        {"gone.py": b"z = 3\n"},
    )
    await reviewer.review(replace(change, read=read))
    assert counts == sorted(counts)
    assert counts[-1] == 5
