"""Stories of real runs: what they tell, as of when, and what they do without."""

import random
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
import structlog

from core.clock import Ids, SystemClock
from core.errors import RunNotFoundError
from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import Draft
from core.events.journal import Journal
from core.feed.writer_logs import WriterLogs
from core.rca.last_words import wrote_last
from core.rca.story import MOST_TOLD, Story
from core.runs import decide
from core.runs.evolve import evolve
from core.runs.gates import Check
from core.runs.pipeline import StepContext
from core.store.database import Database
from tests.fakes.acts import AWAY, REFUSED, leaving, raising
from tests.fakes.clock import FakeClock
from tests.fakes.histories import append
from tests.fakes.log_lines import Logged, production_log
from tests.fakes.stage import Stage, fine, serving, staged
from tests.fakes.story_readers import reader_on

log = structlog.get_logger("test")
FAILS = Check(gate="tests", outcome="fail", conclusion="failure", reason="2 failed")
PASSES = Check(gate="tests", outcome="pass", conclusion="success", reason="all well")
PUT_BACK = count(1)


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


@pytest.fixture(autouse=True)
def logged() -> Iterator[Logged]:
    """Log as in production."""
    with production_log() as logged:
        yield logged


async def ended(stage: Stage, *statuses: str, head: str = "a", pull: int = 1) -> str:
    """Ask for a run, let a worker walk it, and return its id."""
    run_id = await stage.ask(head, pull)
    async with serving(stage.worker()):
        await stage.until(run_id, *statuses)
    await stage.shown(run_id)
    return run_id


async def story_of(stage: Stage, run_id: str) -> Story:
    """Read a run's story."""
    return await reader_on(stage.database, stage.runs).read(run_id)


def kinds(story: Story) -> list[str]:
    """Return the types of what is told."""
    return [one.event.type for one in story.told]


async def test_a_run_that_failed(stage: Stage) -> None:
    """Its events, steps, writers and time are those of its history."""
    stage.pipeline.script("one", leaving(size=7))
    stage.pipeline.script("two", raising(REFUSED))
    run_id = await ended(stage, "failed")
    story = await story_of(stage, run_id)
    run = await stage.run(run_id)
    history = await stage.runs.history(run_id)
    assert story.run == run
    assert story.as_of == history[-1].time == run.finished_at
    assert len(story.told) == sum(len(one.events) for one in history)
    assert (story.left_out, story.gaps) == (0, ())
    one, two = story.steps
    assert (one.step, one.status, two.step, two.status) == (
        *("one", "succeeded"),
        *("two", "failed"),
    )
    assert (one.digest, two.digest) == (run.state_digest, "")
    assert [*story.wrote_last] == [stage.runs.journal.writer]
    assert story.budget is not None
    assert (story.green, story.before, story.left) == (None, (), ())


async def test_a_run_that_nobody_knows(stage: Stage) -> None:
    """Is refused, not told as an empty one."""
    with pytest.raises(RunNotFoundError):
        await story_of(stage, "run_none")


async def test_warnings_stand_where_the_merged_log_has_them(stage: Stage) -> None:
    """Each with its step, its try, its line, and the line of code of a crash."""

    async def talking(_: StepContext) -> JSON:
        log.info("begun")
        log.warning("odd", size=3)
        raise AWAY

    async def crashing(_: StepContext) -> JSON:
        log.info("again")
        raise ZeroDivisionError

    stage.pipeline.script("one", talking, fine)
    stage.pipeline.script("two", crashing)
    story = await story_of(stage, await ended(stage, "failed"))
    merged = await _merged(stage, story)
    assert [one.event for one in story.log] == ["odd", "run.put_off", "step.crashed"]
    assert [(one.step, one.attempt) for one in story.log] == [
        *[("one", 1)] * 2,
        ("two", 1),
    ]
    for one in story.log:
        assert merged[one.number - 1]["event"] == one.event
    assert story.log[0].fields["size"] == "3"
    assert story.log[-1].place.startswith("core/")


async def _merged(stage: Stage, story: Story) -> list[JSON]:
    """Return all lines of all tries, in order."""
    digests = [
        one.event.log
        for one in story.told
        if isinstance(one.event, schema.StepFinished | schema.StepRetried)
        and one.event.log
    ]
    return [line for one in digests for line in (await stage.runs.logs.read(one))[0]]


async def test_a_version_of_a_run_always_reads_the_same(stage: Stage) -> None:
    """Whatever happens to it, and to others, later."""
    await ended(stage, "succeeded", pull=2)
    stage.pipeline.by_name["two"].checks = (FAILS,)
    run_id = await ended(stage, "gate_failed")
    reader = reader_on(stage.database, stage.runs)
    first = await reader.read(run_id)
    await append(stage.runs.journal, stage.runs.clock, "x/1", 1)
    await ended(stage, "gate_failed", pull=3)
    await stage.runs.cancel(run_id, actor="ann", reason="no more")
    assert await reader.read_at(run_id, first.run.head_seq) == first
    later = await reader.read(run_id)
    assert later.run.status == "cancelled"
    assert later.told[: len(first.told)] == first.told


async def test_only_notes_from_before_its_last_entry_are_told(stage: Stage) -> None:
    """What a worker said of it afterwards belongs to a later version."""
    run_id = await ended(stage, "succeeded")
    finished = (await stage.run(run_id)).finished_at
    assert finished is not None
    for seq, late in ((1, timedelta(seconds=-1)), (2, timedelta(seconds=1))):
        note = schema.WorkerLeft(
            run_id=run_id,
            repository="octo/hello",
            pull=1,
            worker="w",
            fence=seq,
            why="fenced",
            error="another has it",
        )
        stream, time = f"left/{run_id}", finished + late
        await stage.runs.journal.append(
            Draft(stream=stream, seq=seq, time=time, events=(note,))
        )
    (told,) = (await story_of(stage, run_id)).left
    assert isinstance(told.event, schema.WorkerLeft)
    assert told.event.fence == 1


async def test_what_is_gone_is_a_gap(stage: Stage) -> None:
    """A log that was deleted and a state that is damaged are named, and no more."""

    async def talking(_: StepContext) -> JSON:
        log.warning("lost")
        return {"text": "large " * 20_000}

    stage.pipeline.script("one", talking)
    run_id = await ended(stage, "succeeded")
    whole = await story_of(stage, run_id)
    assert (len(whole.log), whole.gaps) == (1, ())
    logs = [
        one.event.log
        for one in whole.told
        if isinstance(one.event, schema.StepFinished)
    ]
    blobs = stage.database.db["blobs"]
    await blobs.delete_one({"_id": logs[0]})
    digest = whole.run.state_digest
    await blobs.update_one({"_id": digest}, {"$set": {"size": 3}})
    torn = await story_of(stage, run_id)
    assert (torn.log, torn.told) == (whole.log[1:], whole.told)
    assert [words.partition(":")[0] for words in torn.gaps] == [
        f"the last state of run {run_id}",
        "the log of step one, try 1",
    ]


async def test_an_event_that_is_partly_gone_is_a_gap(stage: Stage) -> None:
    """It is told as far as it is there."""
    stage.pipeline.script("one", fine)
    run_id = await ended(stage, "succeeded")
    run = await stage.run(run_id)
    large = schema.FindingProposed(
        subject="f",
        transition="propose",
        from_=None,
        to="proposed",
        severity="low",
        finding={"body": "x" * 200_000},
    )
    await stage.runs.journal.append(decide.draft(run, (large,), SystemClock().now()))
    blobs = stage.database.db["blobs"]
    assert (await story_of(stage, run_id)).gaps == ()
    await blobs.delete_many({})
    story = await story_of(stage, run_id)
    last = story.told[-1]
    assert isinstance(last.event, schema.FindingProposed)
    assert (last.event.finding, last.event.severity) == ({}, "low")
    assert [words.partition(":")[0] for words in story.gaps[:1]] == [
        "a part of event run/" + run_id
    ]


async def test_a_writer_is_heard_of_wherever_it_wrote(database: Database) -> None:
    """Its last entry up to a moment is found among many, in any stream."""
    clock, rng = FakeClock(), random.Random(7)  # noqa: S311 # entries from a number
    await staged(database)
    journal = Journal(database, clock=clock, ids=Ids(clock))
    times: list[datetime] = []
    for seq in range(1, 40):
        clock.jump(rng.choice((0.001, 1, 60)))
        times.append((await append(journal, clock, "x/1", seq)).time)
    logs = WriterLogs(database)
    for first in (1, 2, 17, 39):
        for last in range(first, 40, 3):
            found = await wrote_last(
                logs, {journal.writer: first}, as_of=times[last - 1]
            )
            assert found == {journal.writer: times[last - 1]}
    early = times[0] - timedelta(seconds=1)
    assert await wrote_last(logs, {journal.writer: 1, "w_no": 1}, as_of=early) == {}
    await journal.close()


async def test_a_long_run_takes_little_memory(stage: Stage) -> None:
    """Of five thousand large events those are kept that say most."""
    run_id = await ended(stage, "succeeded")
    run = await stage.run(run_id)
    filler = "word " * 1000

    def events() -> tuple[Payload, ...]:
        done = next(PUT_BACK)
        return tuple(
            schema.StepProgressed(
                step="one", done=done, of=10_000, unit=f"{n} {filler}", attempt=1
            )
            for n in range(10)
        )

    for _ in range(500):
        commit = await stage.runs.journal.append(
            decide.draft(run, events(), SystemClock().now())
        )
        run = evolve(run, commit)
    reader = reader_on(stage.database, stage.runs)
    await reader.read(run_id)
    tracemalloc.start()
    story = await reader.read(run_id)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert story.left_out > 0
    assert len(story.told) <= MOST_TOLD
    assert len(story.told) + story.left_out > 5000
    moves = [one for one in story.told if isinstance(one.event, schema.RunMove)]
    assert len(moves) == 3
    # All of it is more than 25 MB of text, and what is kept at most 16 MB of it.
    assert peak < 64 * 1024 * 1024
