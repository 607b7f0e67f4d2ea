"""A worker that is told to stop lets go of its runs, and others go on at once."""

import asyncio
from dataclasses import replace

from core.events.base import JSON
from core.runs.pipeline import StepContext
from tests.fakes.acts import leaving, waiting, writing
from tests.fakes.stage import QUICK, Remote, Stage, fine
from tests.fakes.waiting import eventually

ONE = replace(QUICK, slots=1)
HURRIED = replace(QUICK, slots=1, drain=0.1)


async def test_a_step_in_hand_is_finished_and_the_rest_is_handed_back(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Nothing more is taken; another worker goes on where this one stopped."""
    step = stage.pipeline.script("one", waiting(gate), fine)
    held = await stage.ask(pull=1)
    worker = stage.worker(pace=ONE)
    serving = asyncio.create_task(worker.serve())
    await eventually(lambda: step.seen != [])
    waits = await stage.ask(pull=2)
    worker.stop()
    gate.set()
    await serving
    run = await stage.run(held)
    assert (run.status, run.losses, run.steps) == ("queued", 0, {"one": "succeeded"})
    assert await stage.moves(held) == ["enqueue", "claim", "lose_lease"]
    assert (await stage.run(waits)).status == "queued"
    assert (await stage.shown(held))["status"] == "queued"
    other = await stage.worker("other").work_on(held)
    assert other is not None
    assert (other.status, other.attempt, other.losses) == ("succeeded", 1, 0)
    assert stage.pipeline.ran() == ["one*1", "two*1"]


async def test_the_last_step_in_hand_ends_the_run(
    stage: Stage, gate: asyncio.Event
) -> None:
    """There is nothing left to hand back."""
    step = stage.pipeline.script("two", waiting(gate))
    held = await stage.ask()
    worker = stage.worker(pace=ONE)
    serving = asyncio.create_task(worker.serve())
    await eventually(lambda: step.seen != [])
    worker.stop()
    gate.set()
    await serving
    assert (await stage.run(held)).status == "succeeded"


async def test_a_step_that_outlasts_the_grace_is_handed_back(
    stage: Stage, gate: asyncio.Event
) -> None:
    """It is interrupted, and the next worker runs it again from what it was given."""
    stage.pipeline.script("one", leaving(found=3))
    step = stage.pipeline.script("two", waiting(gate), fine)
    held = await stage.ask()
    worker = stage.worker(pace=HURRIED)
    serving = asyncio.create_task(worker.serve())
    await eventually(lambda: step.seen != [])
    worker.stop()
    await serving
    run = await stage.run(held)
    assert (run.status, run.losses, run.steps) == (
        *("queued", 0, {"one": "succeeded", "two": "pending"}),
    )
    other = await stage.worker("other").work_on(held)
    assert other is not None
    assert (other.status, other.losses) == ("succeeded", 0)
    assert stage.pipeline.ran() == ["one*1", "two*2"]
    assert step.seen == [{"found": 3}] * 2


async def test_a_write_that_the_grace_cuts_off_is_found_again(stage: Stage) -> None:
    """GitHub did it, nobody heard the answer, and it stands there once."""
    remote, sent = Remote(), asyncio.Event()

    async def cut_off(context: StepContext) -> JSON:
        write = remote.write("review")

        async def perform() -> JSON:
            await write.perform()
            sent.set()
            await asyncio.Event().wait()
            return {}

        await context.effects.once(replace(write, perform=perform))
        return {}

    stage.pipeline.script("one", cut_off, writing(remote))
    held = await stage.ask()
    worker = stage.worker(pace=HURRIED)
    serving = asyncio.create_task(worker.serve())
    await sent.wait()
    worker.stop()
    await serving
    run = await stage.worker("other").work_on(held)
    assert run is not None
    assert run.status == "succeeded"
    assert remote.kept == ["review"]


async def test_a_cancel_during_the_grace_is_obeyed(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A worker that stops still closes what people called off."""
    step = stage.pipeline.script("one", waiting(gate))
    held = await stage.ask()
    worker = stage.worker(pace=ONE)
    serving = asyncio.create_task(worker.serve())
    await eventually(lambda: step.seen != [])
    worker.stop()
    await stage.runs.cancel(held, actor="alice", reason="no need")
    await serving
    assert (await stage.run(held)).status == "cancelled"
    assert [ending.kind for _, ending in stage.pipeline.closed] == ["cancelled"]


async def test_a_run_claimed_while_stopping_is_handed_back_unbegun(
    stage: Stage,
) -> None:
    """Its steps are the next worker's."""
    held = await stage.ask()
    worker = stage.worker()
    worker.stop()
    run = await worker.work_on(held)
    assert run is not None
    assert (run.status, run.losses) == ("queued", 0)
    assert stage.pipeline.ran() == ["one*0", "two*0"]


async def test_a_worker_with_nothing_in_hand_stops_at_once(stage: Stage) -> None:
    """It does not sit out its grace."""
    worker = stage.worker(pace=replace(QUICK, drain=3600))
    serving = asyncio.create_task(worker.serve())
    await asyncio.sleep(0)
    worker.stop()
    await serving
    assert serving.done()
