"""People put runs aside and take them up again, also under a worker's hands."""

import asyncio
from dataclasses import replace

import pytest

from core.errors import IllegalTransitionError, RunNotFoundError
from core.events.base import JSON
from core.runs.pipeline import StepContext
from tests.fakes.acts import AWAY, leaving, raising, waiting
from tests.fakes.stage import HASTY, QUICK, Stage, fine, serving
from tests.fakes.waiting import eventually

DEAF = replace(QUICK, heartbeat=60)
# Nobody hears of a pause before the lease is over.
BRIEF = replace(DEAF, lease=1.0)


async def test_a_running_run_is_paused_from_another_process(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its step is interrupted at the next heartbeat, and runs again when resumed."""
    stage.pipeline.script("one", leaving(found=3))
    step = stage.pipeline.script("two", waiting(gate), fine)
    run_id = await stage.ask()
    elsewhere = stage.other_process()
    working = asyncio.create_task(stage.worker().work_one())
    await eventually(lambda: step.seen != [])
    paused = await elsewhere.pause(run_id, actor="alice", reason="look first")
    assert paused.steps == {"one": "succeeded", "two": "pending"}
    left = await working
    assert left is not None
    assert left.status == "paused"
    assert await stage.worker().work_one() is None
    assert await stage.worker().work_on(run_id) is None
    await elsewhere.resume(run_id, actor="alice", reason="seen")
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.status, run.losses, run.attempt) == ("succeeded", 0, 1)
    assert stage.pipeline.ran() == ["one*1", "two*2"]
    assert step.seen == [{"found": 3}] * 2
    assert await stage.moves(run_id) == [
        *("enqueue", "claim", "pause", "resume", "claim", "succeed"),
    ]


@pytest.mark.parametrize("after", ["paused", "queued", "cancelled"])
async def test_what_follows_a_pause_stops_the_worker_too(
    stage: Stage, gate: asyncio.Event, after: str
) -> None:
    """However quickly people change their minds, the first walk is over."""
    step = stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    working = asyncio.create_task(stage.worker().work_one())
    await eventually(lambda: step.seen != [])
    await stage.runs.pause(run_id, actor="alice", reason="")
    if after == "queued":
        await stage.runs.resume(run_id, actor="alice", reason="")
    if after == "cancelled":
        await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await working
    assert (await stage.run(run_id)).status == after
    assert not gate.is_set()


async def test_another_worker_waits_for_the_lease_of_who_was_paused(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A worker that is stopped cannot let go, and may write until its lease ends.

    To pause it once more meanwhile changes nothing of that.
    """
    step = stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    frozen = asyncio.create_task(stage.worker("frozen", pace=BRIEF).work_one())
    await eventually(lambda: step.seen != [])
    claimed = await stage.run(run_id)
    elsewhere = stage.other_process()
    other = stage.worker("other", pace=BRIEF, own=True)
    for again in ("", "again"):
        await elsewhere.pause(run_id, actor="alice", reason=again)
        await elsewhere.resume(run_id, actor="alice", reason=again)
        assert await other.work_one() is None
        assert await other.work_on(run_id) is None
    due_at = (await stage.run(run_id)).due_at
    assert due_at > claimed.due_at
    async with serving(other):
        run = await stage.until(run_id, "succeeded")
    commits = await stage.runs.history(run_id)
    _, second = [one for one in commits if one.to == "running" != one.from_]
    assert second.time >= due_at
    assert run.attempt == 1
    gate.set()
    assert await frozen is not None


async def test_the_worker_that_let_go_goes_on_at_once(
    stage: Stage, gate: asyncio.Event
) -> None:
    """It knows that it does nothing for the run any more, and waits for nobody."""
    step = stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    worker = stage.worker()
    async with serving(worker):
        await eventually(lambda: step.seen != [])
        await stage.runs.pause(run_id, actor="alice", reason="")
        resumed = await stage.runs.resume(run_id, actor="alice", reason="")
        run = await stage.until(run_id, "succeeded")
    assert run.finished_at is not None
    assert run.finished_at < resumed.due_at
    assert step.fences == [1, 2]


async def test_a_step_that_ends_before_the_heartbeat_writes_nothing(
    stage: Stage,
) -> None:
    """Its append finds the pause, and what it did is done again later."""
    runs = stage.runs

    async def paused(context: StepContext) -> JSON:
        await runs.pause(context.run.id, actor="alice", reason="wait")
        return {"lost": True}

    stage.pipeline.script("one", paused, fine)
    run_id = await stage.ask()
    await stage.worker(pace=DEAF).work_one()
    run = await stage.run(run_id)
    assert (run.status, run.steps, run.state) == ("paused", {"one": "pending"}, {})
    assert stage.pipeline.closed == []


async def test_queued_and_waiting_runs_are_paused(stage: Stage) -> None:
    """No worker has to hear of it."""
    queued = await stage.ask(pull=1)
    await stage.runs.pause(queued, actor="alice", reason="")
    stage.pipeline.script("one", raising(AWAY), fine)
    waits = await stage.ask(pull=2)
    await stage.worker(limits=replace(HASTY, chance=lambda: 1.0)).work_one()
    await stage.runs.pause(waits, actor="alice", reason="")
    await asyncio.sleep(0.1)
    assert await stage.worker().work_one() is None
    for run_id in (queued, waits):
        await stage.runs.resume(run_id, actor="alice", reason="")
    async with serving(stage.worker()):
        for run_id in (queued, waits):
            await stage.until(run_id, "succeeded")


async def test_what_cannot_be_paused_or_resumed_says_where_it_stands(
    stage: Stage,
) -> None:
    """A run that ended, one that is paused, one that is not, and one of no such id."""
    run_id = await stage.ask()
    with pytest.raises(IllegalTransitionError, match="queued cannot resume"):
        await stage.runs.resume(run_id, actor="alice", reason="")
    await stage.runs.pause(run_id, actor="alice", reason="")
    with pytest.raises(IllegalTransitionError, match="paused cannot pause"):
        await stage.runs.pause(run_id, actor="alice", reason="")
    await stage.runs.cancel(run_id, actor="alice", reason="")
    with pytest.raises(IllegalTransitionError, match="cancelled cannot pause"):
        await stage.runs.pause(run_id, actor="alice", reason="")
    with pytest.raises(RunNotFoundError):
        await stage.runs.pause("run_none", actor="alice", reason="")
