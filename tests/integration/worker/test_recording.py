"""What is written of each try of a step: what went wrong, and what it used."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.errors import GitHubInvalidError
from core.events.base import JSON
from core.events.schema import StepFinished, StepRetried
from core.metrics.handler_cpu import accounting
from core.runs.gates import Check
from core.runs.pipeline import StepContext
from core.store.database import Database
from tests.fakes.acts import AWAY, raising
from tests.fakes.stage import Stage, fine, serving, staged
from tests.unit.test_handler_cpu import burning

REFUSED = GitHubInvalidError(method="POST", path="/x", status=422, reason="no")


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    with accounting(asyncio.get_running_loop()):
        yield stage
    await stage.close()


async def tries(stage: Stage, run_id: str) -> list[StepFinished | StepRetried]:
    """Return what ended tries of the run's steps, oldest first."""
    return [
        event
        for commit in await stage.runs.history(run_id)
        for event in commit.events
        if isinstance(event, StepFinished | StepRetried) and event.transition != "due"
    ]


async def test_a_step_that_fails_says_what_went_wrong(stage: Stage) -> None:
    """With the status, the place in our code, and a fingerprint."""
    stage.pipeline.script("one", raising(REFUSED))
    run_id = await stage.ask()
    await stage.worker().work_one()
    (failed,) = await tries(stage, run_id)
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.status) == ("github_invalid", 422)
    assert failed.failure.place.startswith("core/")
    assert failed.failure.facts["reason"] == "no"
    assert len(failed.failure.fingerprint) == 16


async def test_every_try_says_what_went_wrong(stage: Stage) -> None:
    """A bug too, by its class; tries that end alike have one fingerprint."""
    stage.pipeline.script(
        "one", raising(AWAY), raising(AWAY), raising(ZeroDivisionError())
    )
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await stage.until(run_id, "failed")
    failures = [one.failure for one in await tries(stage, run_id)]
    assert [one.code for one in failures if one] == [
        "github_unavailable",
        "github_unavailable",
        "ZeroDivisionError",
    ]
    first, second, third = (one.fingerprint for one in failures if one)
    assert first == second != third


async def test_a_step_says_what_it_used_itself(stage: Stage) -> None:
    """Also one that waits at a gate, and not what other steps used."""

    async def busy(_: StepContext) -> JSON:
        await burning(0.05)
        await asyncio.sleep(0.05)
        return {}

    held = Check(gate="two", outcome="fail", conclusion="failure", reason="no")
    stage.pipeline.script("one", busy)
    stage.pipeline.script("two", fine).checks = (held,)
    run_id = await stage.ask()
    await stage.worker().work_one()
    one, two = await tries(stage, run_id)
    assert one.failure is None
    assert one.used is not None
    assert two.used is not None
    assert one.used.cpu_seconds == pytest.approx(0.05, abs=0.02)
    assert one.used.wall_seconds >= 0.1
    assert two.used.cpu_seconds < 0.02
    assert one.used.github_requests == 0
