"""A database that lags or stumbles leads no worker astray."""

import asyncio
from typing import Any

import pytest

from core.errors import IllegalTransitionError, StoreUnavailableError
from core.events.base import JSON
from core.runs.pipeline import StepContext
from tests.fakes.acts import (
    SHORT,
    abandoned,
    lapse,
    patch_once,
    put,
    until_shown,
    waiting,
)
from tests.fakes.stage import Stage, fine, serving
from tests.fakes.waiting import eventually


@pytest.mark.parametrize("lag", ["deleted", "rolled back"])
async def test_a_projection_that_lags_is_folded_forward_by_its_holder(
    stage: Stage, gate: asyncio.Event, lag: str
) -> None:
    """The worker holds the run by the journal, whatever the projection says."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    queued = await stage.shown(run_id)
    async with serving(stage.worker()):
        await stage.until(run_id, "running")
        await until_shown(stage, run_id, "running")
        await put(stage, run_id, queued if lag == "rolled back" else None)
        await until_shown(stage, run_id, "running")
        gate.set()
        run = await stage.until(run_id, "succeeded")
    assert (run.fence, run.losses) == (1, 0)
    assert (await stage.shown(run_id))["status"] == "succeeded"
    assert stage.pipeline.ran() == ["one*1", "two*1"]


async def test_a_projection_that_lags_is_folded_forward_by_a_claim(
    stage: Stage,
) -> None:
    """A run that looks queued and has ended is not run again."""
    run_id = await stage.ask()
    queued = await stage.shown(run_id)
    await stage.worker().work_one()
    done = await stage.shown(run_id)
    await put(stage, run_id, queued)
    assert await stage.worker().work_one() is None
    assert await stage.shown(run_id) == done


async def test_a_projection_that_lags_is_folded_forward_by_the_reaper(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A run that looks lost and has ended, or has a fresh claim, is not taken back."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await lapse()
    lost = await stage.shown(run_id)
    assert await stage.worker().reap() == 1
    async with serving(stage.worker("second")):
        await stage.until(run_id, "running")
        await put(stage, run_id, lost)
        assert await stage.worker().reap() == 0
        gate.set()
        await stage.until(run_id, "succeeded")
        await until_shown(stage, run_id, "succeeded")
    await put(stage, run_id, lost)
    assert await stage.worker().reap() == 0
    assert (await stage.shown(run_id))["status"] == "succeeded"


async def test_a_broken_run_does_not_keep_others_from_being_worked(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A document of no run, or a history that cannot be read, is stepped over."""
    stage.pipeline.script("one", waiting(gate), fine)
    broken = await stage.ask(pull=1)
    lost = await stage.ask(pull=2)
    await abandoned(stage, lost)
    await lapse()
    for run_id in (broken, lost):
        await stage.database.db["journal"].delete_many({"stream": f"run/{run_id}"})
    good = await stage.ask(pull=3)
    async with serving(stage.worker()):
        await stage.until(good, "succeeded")
        assert await stage.worker().reap() == 0


@pytest.mark.parametrize("method", ["save_all", "heartbeat", "due"])
@pytest.mark.parametrize(
    "error", [StoreUnavailableError(reason="gone"), ZeroDivisionError()]
)
async def test_a_database_that_stumbles_ends_no_worker(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception
) -> None:
    """Whatever fails for a moment, the run comes to its end by the journal."""
    projection = stage.runs.projection
    working, failures = getattr(projection, method), [error, error]

    async def slow(_: StepContext) -> JSON:
        await eventually(lambda: failures == [] or method != "heartbeat")
        return {}

    stage.pipeline.script("one", slow)
    run_id = await stage.ask()

    async def stumbling(*arguments: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return await working(*arguments, **more)

    monkeypatch.setattr(projection, method, stumbling)
    async with serving(stage.worker(pace=SHORT)):
        run = await stage.until(run_id, "succeeded")
        await until_shown(stage, run_id, "succeeded")
    assert failures == []
    assert (run.steps, run.outcome) == ({"one": "succeeded", "two": "succeeded"}, "")


@pytest.mark.parametrize(
    "error", [StoreUnavailableError(reason="gone"), ZeroDivisionError()]
)
async def test_a_reaper_and_a_claim_that_stumble_come_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Neither loop ends before it is told to."""
    worker = stage.worker()
    for target, name in ((worker, "reap"), (stage.runs, "handle")):
        patch_once(monkeypatch, target, name, error)
    run_id = await stage.ask()
    async with serving(worker):
        await stage.until(run_id, "succeeded")


async def test_what_a_person_queues_is_seen_although_the_database_stumbles(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing looks at paused runs by itself, so that it is stored is seen to."""
    run_id = await stage.ask()
    await stage.runs.pause(run_id, actor="alice", reason="")
    elsewhere = stage.other_process()
    gone = StoreUnavailableError(reason="gone")
    patch_once(monkeypatch, elsewhere.projection, "save", gone)
    await elsewhere.resume(run_id, actor="alice", reason="")
    await elsewhere.projector.settled(run_id)
    worked = await stage.worker(own=True).work_one()
    assert worked is not None
    assert (worked.id, worked.status) == (run_id, "succeeded")


async def test_asking_again_shows_what_was_decided_before(stage: Stage) -> None:
    """A process that died between its two writes leaves nobody without a way out."""
    run_id = await stage.ask()
    await stage.runs.pause(run_id, actor="alice", reason="")
    paused = await stage.shown(run_id)
    await stage.other_process().resume(run_id, actor="alice", reason="")
    await put(stage, run_id, paused)
    assert await stage.worker(own=True).work_one() is None
    with pytest.raises(IllegalTransitionError):
        await stage.runs.resume(run_id, actor="alice", reason="")
    assert (await stage.shown(run_id))["status"] == "queued"
