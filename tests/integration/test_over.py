"""Which stories are over, asked of the journal and of the list of runs."""

from datetime import timedelta

import pytest

from core.events import schema
from core.events.base import Payload
from core.events.commit import Draft
from core.runs.over import Stories
from core.store.database import Database
from tests.fakes.stage import Stage, serving, staged, subject

REF = schema.CheckpointRef(run_id="r1", checkpoint_id="cp_1")
PLAN = schema.MergePlanned(
    base=REF, ours=REF, theirs=REF, conflicts=(), plan="0" * 64, actor="ann"
)


@pytest.fixture
async def stage(database: Database) -> Stage:
    """Give a stage without runs."""
    return await staged(database)


def stories_on(stage: Stage) -> Stories:
    """Return who knows what is over."""
    return Stories(stage.runs.journal, stage.runs.projection)


async def test_a_run_is_over_when_it_has_ended(stage: Stage) -> None:
    """Not while it is queued, and not when nobody knows it."""
    later = stage.runs.clock.now() + timedelta(hours=1)
    run_id = await stage.ask()
    await stage.runs.projector.settled(run_id)
    assert not await stories_on(stage).run_is_over(run_id, later)
    async with serving(stage.worker()):
        await stage.until(run_id, "succeeded")
    await stage.runs.projector.settled(run_id)
    assert await stories_on(stage).run_is_over(run_id, later)
    assert not await stories_on(stage).run_is_over("run_unknown", later)


async def test_a_run_that_nobody_let_go_of_is_over_once_it_is_old(
    stage: Stage,
) -> None:
    """Its process died before it was listed, and must not keep everything for ever."""
    now = stage.runs.clock.now()
    run_id = (await stage.runs.request(subject(), "request")).run_id
    assert await stage.runs.projection.get(run_id) is None
    assert not await stories_on(stage).run_is_over(run_id, now)
    later = stage.runs.clock.now() + timedelta(milliseconds=1)
    assert await stories_on(stage).run_is_over(run_id, later)


async def test_a_merge_is_over_when_it_is_committed_or_left_alone(
    stage: Stage,
) -> None:
    """A plan that nobody commits must not keep everything for ever."""
    now = stage.runs.clock.now()

    async def say(seq: int, event: Payload) -> None:
        await stage.runs.journal.append(
            Draft(stream="merge/m1", seq=seq, time=now, events=(event,))
        )

    await say(1, PLAN)
    stories = stories_on(stage)
    assert not await stories.merge_is_over("m1", now)
    assert await stories.merge_is_over("m1", now + timedelta(milliseconds=1))
    committed = schema.MergeCommitted(run_id="r2", checkpoint_id="cp_2", actor="ann")
    await say(2, committed)
    assert await stories.merge_is_over("m1", now)
