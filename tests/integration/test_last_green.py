"""What a run that failed is compared with: the last one before it that worked."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.clock import SystemClock
from core.runs.gates import Check, Outcome
from core.runs.green import REACH, last_green
from core.runs.lister import RunLister
from core.store.database import Database
from tests.fakes.stage import Stage, serving, staged

CONCLUSIONS: dict[str, Outcome] = {
    "success": "pass",
    "neutral": "pass",
    "failure": "fail",
}


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage whose second step has a gate."""
    stage = await staged(database)
    yield stage
    await stage.close()


async def ended(
    stage: Stage, conclusion: str, head: str = "a", pull: int = 1, **more: str
) -> str:
    """Let a run end with a conclusion; returns its id."""
    outcome = CONCLUSIONS[conclusion]
    stage.pipeline.by_name["two"].checks = (
        Check(gate="g", outcome=outcome, conclusion=conclusion, reason="as told"),
    )
    run_id = await stage.ask(head, pull, **more)
    async with serving(stage.worker()):
        await stage.until(run_id, "succeeded", "gate_failed")
    await stage.runs.projector.settled(run_id)
    return run_id


async def green_before(stage: Stage, run_id: str) -> str | None:
    """Return the id of the last green run before another, as of now."""
    lister = RunLister(stage.database, clock=SystemClock())
    run = await stage.run(run_id)
    found = await last_green(lister, run, as_of=stage.runs.clock.now())
    return found.id if found is not None else None


async def test_the_last_success_of_the_same_pull_request_is_green(stage: Stage) -> None:
    """An older success, a later neutral and a failure are passed over."""
    await ended(stage, "success", "a")
    wanted = await ended(stage, "success", "b")
    await ended(stage, "neutral", "c")
    await ended(stage, "success", "d", pull=2)
    failed = await ended(stage, "failure", "e")
    assert await green_before(stage, failed) == wanted


async def test_else_the_repositorys_last_success_is_green(stage: Stage) -> None:
    """That of another pull request counts, that of another repository does not."""
    wanted = await ended(stage, "success", "a", pull=2)
    await ended(stage, "success", "b", repository="octo/other")
    failed = await ended(stage, "failure", "c")
    assert await green_before(stage, failed) == wanted


async def test_what_came_later_is_not_green(stage: Stage) -> None:
    """Nothing worked before the first failure, whatever works after it."""
    failed = await ended(stage, "failure", "a")
    await ended(stage, "success", "b")
    assert await green_before(stage, failed) is None


async def test_what_had_not_ended_is_not_green(stage: Stage) -> None:
    """As of a time before a success ended, there is none; nor is there a stale one."""
    green = await ended(stage, "success", "a")
    failed = await stage.run(await ended(stage, "failure", "b"))
    lister = RunLister(stage.database, clock=SystemClock())
    finished = (await stage.run(green)).finished_at
    assert finished is not None
    earlier = finished - timedelta(milliseconds=1)
    assert await last_green(lister, failed, as_of=earlier) is None
    found = await last_green(lister, failed, as_of=finished)
    assert found is not None
    old = {"$set": {"created_at": failed.created_at - REACH - timedelta(days=1)}}
    await stage.database.db["runs"].update_one({"_id": green}, old)
    assert await last_green(lister, failed, as_of=finished) is None


async def test_a_silent_branch_is_no_proof(stage: Stage) -> None:
    """A success that said nothing on the pull request was perhaps less strict."""
    green = await ended(stage, "success", "a")
    failed = await ended(stage, "failure", "b")
    silenced = {"$set": {"publish": False}}
    await stage.database.db["runs"].update_one({"_id": green}, silenced)
    assert await green_before(stage, failed) is None
