"""Bundles of real runs, taken while their bot is at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.bundling import rca_on
from tests.fakes.road import Road, open_road

GATE_FAILED = "gate_failed"


async def bundle_of(road: Road, run_id: str) -> bytes:
    """Build a run's bundle, and return its bytes."""
    assert road.bot is not None
    rca = rca_on(road.bot.base, road.settings)
    try:
        made = (await rca.ensure(run_id, actor="alice")).bundle
        parts = [one async for one in rca.parts(made, 0, made.size)]
    finally:
        await rca.close()
    return b"".join(parts)


@asynccontextmanager
async def stopped_run(
    folder: Path, mongodb_url: str, name: str
) -> AsyncIterator[tuple[Road, str]]:
    """Give a run that a gate stopped, for it found a risky line."""
    async with open_road(folder, mongodb_url, name) as road:
        await road.open_pull()
        (run,) = await road.until_runs_end()
        assert run["status"] == GATE_FAILED
        yield road, str(run["_id"])


def stopped_bundle(folder: Path, mongodb_url: str, name: str) -> bytes:
    """Return the bundle of such a run."""

    async def take() -> bytes:
        async with stopped_run(folder, mongodb_url, name) as (road, run_id):
            return await bundle_of(road, run_id)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(take())
