"""A run is held by one worker, and found again when that one is gone."""

import asyncio
from dataclasses import replace

from core.clock import SystemClock
from core.events.base import JSON
from core.runs.pipeline import StepContext
from tests.fakes.acts import (
    FROZEN,
    SHORT,
    abandoned,
    lapse,
    taken_back,
    until_shown,
    waiting,
    writing,
)
from tests.fakes.stage import QUICK, Remote, Stage, fine, serving


async def test_a_heartbeat_holds_a_run_past_its_lease(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A slow step is not a lost worker."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    async with serving(stage.worker(pace=SHORT)):
        await until_shown(stage, run_id, "running")
        first = (await stage.shown(run_id))["lease"]["until"]
        await asyncio.sleep(SHORT.lease)
        assert SystemClock().now() >= first
        lease = (await stage.shown(run_id))["lease"]
        assert lease["until"] > first
        assert lease["owner"] == "w"
        assert await stage.worker("reaper").reap() == 0
        gate.set()
        run = await stage.until(run_id, "succeeded")
    assert (run.fence, run.losses) == (1, 0)


async def test_a_zombie_that_wakes_can_write_nothing(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its run was taken back and ended by another; GitHub sees one write."""
    remote = Remote()
    woken = asyncio.Event()

    async def asleep(context: StepContext) -> JSON:
        woken.set()
        await gate.wait()
        return await writing(remote, "zombie")(context)

    stage.pipeline.script("two", asleep, writing(remote, "living"))
    run_id = await stage.ask()
    frozen = stage.worker("zombie", pace=FROZEN, own=True)
    zombie = asyncio.create_task(frozen.work_one())
    await woken.wait()
    other = stage.worker("living")
    await taken_back(stage)
    assert await other.reap() == 0
    queued = await stage.shown(run_id)
    assert (queued["status"], queued["losses"], queued["fence"]) == ("queued", 1, 2)
    run = await other.work_one()
    assert run is not None
    assert (run.status, run.fence, run.owner) == ("succeeded", 3, None)
    gate.set()
    left = await zombie
    assert left is not None
    assert remote.kept == ["living"]
    assert await stage.run(run_id) == run
    assert stage.pipeline.ran() == ["one*1", "two*2"]
    assert stage.pipeline.by_name["two"].fences == [1, 3]


async def test_a_zombie_that_wakes_to_a_queued_run_can_write_nothing(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Taken back is taken back, also before another has claimed it."""
    stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    frozen = stage.worker("zombie", pace=FROZEN, own=True)
    zombie = asyncio.create_task(frozen.work_one())
    await stage.until(run_id, "running")
    await taken_back(stage)
    gate.set()
    await zombie
    assert await stage.moves(run_id) == ["enqueue", "claim", "lose_lease"]
    assert (await stage.shown(run_id))["status"] == "queued"


async def test_a_heartbeat_tells_a_worker_that_it_lost_the_run(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its step is stopped without waiting for the step's end."""
    stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    slow = stage.worker("slow", pace=replace(QUICK, lease=0.05, heartbeat=0.3))
    walking = asyncio.create_task(slow.work_one())
    await stage.until(run_id, "running")
    await taken_back(stage)
    await walking
    assert (await stage.run(run_id)).status == "queued"
    run = await stage.worker("other").work_one()
    assert run is not None
    assert run.status == "succeeded"


async def test_a_run_that_kills_its_workers_is_buried(
    stage: Stage, gate: asyncio.Event
) -> None:
    """After two losses the next worker closes it instead of walking it again."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    for count in (1, 2):
        await abandoned(stage, run_id)
        await lapse()
        assert await stage.worker().reap() == 1
        assert (await stage.run(run_id)).losses == count
    run = await stage.worker("undertaker").work_one()
    assert run is not None
    assert (run.status, run.losses) == ("dead", 2)
    ((_, ending),) = stage.pipeline.closed
    assert (ending.kind, ending.reason) == ("dead", "2 workers were lost over it")
    assert stage.pipeline.ran() == ["one*2", "two*0"]
