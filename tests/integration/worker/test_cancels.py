"""People and pushes end runs, wherever these stand."""

import asyncio
from dataclasses import replace

from core.events.base import JSON
from core.runs.holder import Pace
from core.runs.pipeline import StepContext
from tests.fakes.acts import AWAY, abandoned, lapse, raising, waiting
from tests.fakes.stage import QUICK, Stage, fine, serving
from tests.fakes.waiting import eventually


async def test_a_running_run_is_cancelled_in_a_moment(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its step is stopped at the next heartbeat, its check closed; the worker lives."""
    assert Pace().heartbeat <= 1
    step = stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await eventually(lambda: step.seen != [])
        asked = await stage.runs.cancel(run_id, actor="alice", reason="no need")
        assert asked.status == "cancelling"
        run = await stage.until(run_id, "cancelled")
        other = await stage.ask("b")
        await stage.until(other, "succeeded")
    assert run.outcome == "no need"
    assert [ending.kind for _, ending in stage.pipeline.closed] == ["cancelled"]
    shown = await stage.shown(run_id)
    assert (shown["status"], shown["outcome"]) == ("cancelled", "no need")


async def test_a_cancel_that_a_step_runs_into_is_obeyed(stage: Stage) -> None:
    """The next append finds it, before any heartbeat does, and the worker lives on."""
    runs = stage.runs

    async def cancelled(context: StepContext) -> JSON:
        await runs.cancel(context.run.id, actor="alice", reason="no need")
        return {}

    stage.pipeline.script("one", cancelled)
    await stage.ask()
    run = await stage.worker(pace=replace(QUICK, heartbeat=60)).work_one()
    assert run is not None
    assert (run.status, run.steps) == ("cancelled", {"one": "cancelled"})
    assert stage.pipeline.ran() == ["one*1", "two*0"]
    assert [ending.reason for _, ending in stage.pipeline.closed] == ["no need"]


async def test_a_cancel_while_failing_is_obeyed(stage: Stage) -> None:
    """The run that was about to fail ends as its people wanted."""
    runs, closings = stage.runs, stage.pipeline.closed

    async def cancelled(context: StepContext) -> JSON:
        if len(closings) == 1:
            await runs.cancel(context.run.id, actor="alice", reason="no need")
        return {}

    stage.pipeline.script("one", raising(ZeroDivisionError()))
    stage.pipeline.closing = cancelled
    await stage.ask()
    run = await stage.worker(pace=replace(QUICK, heartbeat=60)).work_one()
    assert run is not None
    assert run.status == "cancelled"
    assert [ending.kind for _, ending in closings] == ["failed", "cancelled"]


async def test_a_superseded_run_names_its_heir(
    stage: Stage, gate: asyncio.Event
) -> None:
    """What is shown at GitHub says which run goes on."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await stage.until(run_id, "running")
        await stage.runs.cancel(run_id, actor="nofx", reason="push", by_run="run_2")
        run = await stage.until(run_id, "cancelled")
    assert run.superseded_by == "run_2"
    ((_, ending),) = stage.pipeline.closed
    assert ending.reason == "superseded by run run_2"


async def test_a_queued_run_is_cancelled_at_once(stage: Stage) -> None:
    """No worker ever sees it."""
    run_id = await stage.ask()
    run = await stage.runs.cancel(run_id, actor="alice", reason="no need")
    assert run.status == "cancelled"
    assert await stage.worker().work_one() is None
    assert await stage.worker().work_on(run_id) is None
    assert (await stage.shown(run_id))["status"] == "cancelled"


async def test_cancelling_twice_or_too_late_changes_nothing(stage: Stage) -> None:
    """A run that has ended stays as it is."""
    run_id = await stage.ask()
    ended = await stage.worker().work_one()
    again = await stage.runs.cancel(run_id, actor="alice", reason="late")
    assert again == ended


async def test_a_lost_cancel_is_finished_by_the_reaper(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its worker was gone before it heard of it."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    assert await stage.worker().reap() == 1
    run = await stage.run(run_id)
    assert (run.status, run.steps) == ("cancelled", {"one": "cancelled"})
    assert [ending.kind for _, ending in stage.pipeline.closed] == ["cancelled"]


async def test_a_reaper_waits_while_github_is_away(
    stage: Stage, gate: asyncio.Event
) -> None:
    """The run keeps its state until its check could be closed."""
    stage.pipeline.script("one", waiting(gate))
    stage.pipeline.closing = raising(AWAY)
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    assert await stage.worker().reap() == 0
    assert (await stage.run(run_id)).status == "cancelling"
    stage.pipeline.closing = fine
    assert await stage.worker().reap() == 1
    assert (await stage.run(run_id)).status == "cancelled"


async def test_a_reaper_lets_others_close_what_it_does_not_know(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A process without the pipeline cannot close its runs, and does not fall over."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    stage.pipeline.name = "another"
    stranger = stage.worker()
    assert await stranger.reap() == 0
    assert (await stage.run(run_id)).status == "cancelling"


async def test_two_that_close_a_lost_run_agree(
    stage: Stage, gate: asyncio.Event
) -> None:
    """The second finds it cancelled, and is content."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    calls: list[str] = []

    async def closing(context: StepContext) -> JSON:
        calls.append(context.run.id)
        if len(calls) == 1:
            await stage.worker("other").reap()
        return {}

    stage.pipeline.closing = closing
    assert await stage.worker().reap() == 1
    assert calls == [run_id, run_id]
    assert (await stage.moves(run_id))[-2:] == ["request_cancel", "finish_cancel"]
