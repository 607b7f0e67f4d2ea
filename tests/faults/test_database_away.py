"""The database goes away under a running bot, and comes back."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import aiohttp

from bot.simulator.simulator import Simulator
from core.clock import SystemClock
from core.store.embedded import EmbeddedServer
from tests.fakes.road import REPO, built_road, driving


async def test_deliveries_are_refused_until_it_is_back(
    tmp_path: Path, judged: Callable[[Simulator], Simulator]
) -> None:
    """503 tells GitHub to redeliver; the process stays up and then goes on."""
    server = EmbeddedServer(tmp_path / "data", clock=SystemClock())
    await server.open()
    try:
        async with (
            built_road(tmp_path, server.url, "away") as road,
            driving(road) as bot,
            aiohttp.ClientSession() as session,
        ):
            assert bot.bot is not None
            judged(road.github)
            url = bot.bot.url
            os.kill(server.pid, signal.SIGKILL)
            number = await road.open_pull()
            refused = road.github.deliveries[-1]
            assert refused.status_code == 503
            assert await status(session, f"{url}/healthz") == 200
            assert await status(session, f"{url}/readyz") == 503
            await server.open()
            assert await status(session, f"{url}/readyz") == 200
            await road.github.redeliver(refused.id)
            check = await road.until_checked(number)
            assert check["conclusion"] == "failure"
            assert len(road.github.review_comments(REPO, number)) == 1
            await road.until_runs_end()
    finally:
        await server.close()


async def status(session: aiohttp.ClientSession, url: str) -> int:
    """Return the status that a GET is answered with."""
    async with session.get(url) as answer:
        return answer.status
