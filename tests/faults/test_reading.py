"""GitHub fails while a change is read: the run waits, for nothing is wrong with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pytest

from bot.simulator.simulator import Simulator
from tests.fakes.road import REPO, Road, open_road

NUMBERS = count(1)


@pytest.fixture
async def road(
    tmp_path: Path, mongodb_url: str, judged: Callable[[Simulator], Simulator]
) -> AsyncIterator[Road]:
    """Give a stage with a bot on a database of its own."""
    async with open_road(tmp_path, mongodb_url, f"reading_{next(NUMBERS)}") as road:
        judged(road.github)
        yield road


async def until_it_stops(road: Road) -> str:
    """Return the first status in which no worker holds the run."""
    async with asyncio.timeout(30):
        while True:
            runs = await road.runs()
            if runs and runs[0]["status"] not in {"queued", "running"}:
                return str(runs[0]["status"])
            await asyncio.sleep(0.02)


async def test_a_limit_while_files_are_fetched_puts_the_run_off(road: Road) -> None:
    """The limit holds for longer than a call may sleep; the review comes later."""
    road.github.faults.add(kind="secondary_limit", path=r"/graphql$", seconds=600)
    number = await road.open_pull()
    assert await until_it_stops(road) == "retry_wait"
    (check,) = road.github.check_runs(REPO, road.head(number))
    assert check["status"] == "queued"


async def test_a_refusal_while_files_are_fetched_is_named(road: Road) -> None:
    """The check says what GitHub said, not which of our parts met it."""
    road.github.faults.add(kind="403", path=r"/graphql$", times=9)
    number = await road.open_pull()
    check = await road.until_checked(number)
    assert check["conclusion"] == "action_required"
    assert "Resource not accessible" in check["output"]["summary"]
