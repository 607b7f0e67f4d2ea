"""A worker that answers no webhooks still answers Prometheus, if it is told where."""

import socket
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from bot.app import working
from core.errors import AddressTakenError
from tests.fakes.road import Road, built_road
from tests.fakes.scrapes import Scrape

NUMBERS = count(1)


@pytest.fixture
async def road(tmp_path: Path, mongodb_url: str) -> AsyncIterator[Road]:
    """Give a stage without a bot."""
    name = f"metrics_port_{next(NUMBERS)}"
    async with built_road(tmp_path, mongodb_url, name) as road:
        yield road


async def test_a_worker_answers_on_the_port_that_it_is_given(road: Road) -> None:
    """With what it does itself; what it is, and that it is up."""
    settings = road.settings.model_copy(update={"metrics_port": 0})
    async with working(settings) as url:
        assert url is not None
        page = await Scrape.of(url)
        healthy = url.replace("/metrics", "/healthz")
        async with aiohttp.ClientSession() as session, session.get(healthy) as answer:
            assert (await answer.json())["status"] == "up"
    assert page.value("nofx_runs_working") == 0
    # What the whole service holds is told by those that serve, or it would add up.
    for name in ("nofx_runs", "nofx_queue_depth", "nofx_gauges_age_seconds"):
        assert page.families[name].samples == []
    assert (page.value("process_resident_memory_bytes") or 0) > 1e6
    with pytest.raises(aiohttp.ClientError):
        await Scrape.of(url)


async def test_without_a_port_a_worker_opens_none(road: Road) -> None:
    """Nobody finds a door that nobody asked for."""
    async with working(road.settings) as url:
        assert url is None


async def test_a_port_that_is_anothers_is_named(road: Road) -> None:
    """Before any work is begun."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = road.settings.model_copy(update={"metrics_port": port})
        with pytest.raises(AddressTakenError, match=str(port)):
            async with working(settings):
                pass
