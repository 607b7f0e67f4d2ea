"""The stage for tests that walk the whole road."""

from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pytest

from bot.simulator.simulator import Simulator
from core.store.database import Database
from tests.fakes.kept import KeptDatabases
from tests.fakes.road import Road, open_road

NUMBERS = count(1)


@pytest.fixture
async def database(kept_databases: KeptDatabases) -> AsyncIterator[Database]:
    """Give a database as `nofx migrate` leaves a new one."""
    database = await kept_databases.next()
    yield database
    await database.close()


@pytest.fixture
async def road(
    tmp_path: Path, mongodb_url: str, judged: Callable[[Simulator], Simulator]
) -> AsyncIterator[Road]:
    """Give a stage with a bot on a database of its own; its requests are judged."""
    async with open_road(tmp_path, mongodb_url, f"road_{next(NUMBERS)}") as road:
        judged(road.github)
        yield road
