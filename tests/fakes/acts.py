"""What scripted steps do, and how runs are left behind, lost and found."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.errors import GitHubInvalidError, GitHubUnavailableError, RunOutdatedError
from core.events.base import JSON
from core.runs.pipeline import StepContext
from tests.fakes.stage import QUICK, Act, Remote, Stage
from tests.fakes.waiting import eventually

AWAY = GitHubUnavailableError(method="GET", path="/pulls/1", reason="no route")
REFUSED = GitHubInvalidError(method="POST", path="/x", status=422, reason="bad")
OUTDATED = RunOutdatedError(head="a" * 40, now="b" * 40)
SHORT = replace(QUICK, lease=1.0, heartbeat=0.05)
# It never beats, as a process that is stopped never does.
FROZEN = replace(QUICK, lease=0.05, heartbeat=60)


def raising(error: Exception) -> Act:
    """Return an act that fails so."""

    async def act(_: StepContext) -> JSON:
        raise error

    return act


def waiting(gate: asyncio.Event) -> Act:
    """Return an act that hangs until the gate opens."""

    async def act(_: StepContext) -> JSON:
        await gate.wait()
        return {}

    return act


async def cancelling(_: StepContext) -> JSON:
    """Act as a library that cancels the task it runs in."""
    raise asyncio.CancelledError


def leaving(**state: Any) -> Act:
    """Return an act that adds to the state."""

    async def act(_: StepContext) -> JSON:
        return state

    return act


def writing(remote: Remote, key: str = "review") -> Act:
    """Return an act that writes to the remote once."""

    async def act(context: StepContext) -> JSON:
        return {"wrote": await context.effects.once(remote.write(key))}

    return act


async def abandoned(stage: Stage, run_id: str) -> None:
    """Let a worker claim the run, begin its first step, and be gone."""
    step = stage.pipeline.by_name["one"]
    begun = len(step.seen)
    doomed = asyncio.create_task(stage.worker("doomed", pace=FROZEN).work_on(run_id))
    await eventually(lambda: len(step.seen) > begun)
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed
    await stage.runs.projector.settled(run_id)


def patch_once(
    patch: pytest.MonkeyPatch, target: object, name: str, error: Exception
) -> None:
    """Let the first call of a method fail."""
    working, failures = getattr(target, name), [error]

    async def failing(*arguments: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return await working(*arguments, **more)

    patch.setattr(target, name, failing)


async def taken_back(stage: Stage) -> None:
    """Reap until there was something to take back."""
    reaper = stage.worker("reaper")
    while True:
        if await reaper.reap():
            return
        await asyncio.sleep(0.01)


async def lapse() -> None:
    """Let the lease of an abandoned run be over."""
    await asyncio.sleep(0.06)


async def put(stage: Stage, run_id: str, document: dict[str, Any] | None) -> None:
    """Put the projection back to what it was, or take it away."""
    key = {"_id": run_id}
    if document is None:
        await stage.database.db["runs"].delete_one(key)
    else:
        await stage.database.db["runs"].replace_one(key, document, upsert=True)


async def until_shown(stage: Stage, run_id: str, status: str) -> None:
    """Wait until the projection says so."""
    while True:
        shown = await stage.runs.projection.get(run_id)
        if shown is not None and shown["status"] == status:
            return
        await asyncio.sleep(0.01)
