"""One stage for each test of workers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.store.database import Database
from tests.fakes.stage import Stage, staged


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Keep what is logged, for tracebacks with every local take long to draw."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


@pytest.fixture
async def gate() -> AsyncIterator[asyncio.Event]:
    """Give what a hanging step waits for; the end of the test opens it."""
    event = asyncio.Event()
    yield event
    event.set()
