"""The stage for tests that walk the whole road."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.simulator.simulator import Simulator
from core.store.database import Database
from tests.fakes.kept import KeptDatabases
from tests.fakes.road import Road, open_road


@pytest.fixture
async def database(kept_databases: KeptDatabases) -> AsyncIterator[Database]:
    """Give a database as `nofx migrate` leaves a new one."""
    database = await kept_databases.next()
    yield database
    await database.close()


@pytest.fixture
async def road(
    tmp_path: Path,
    mongodb_url: str,
    database: Database,
    judged: Callable[[Simulator], Simulator],
) -> AsyncIterator[Road]:
    """Give a stage with a bot on the test's database; its requests are judged."""
    async with open_road(tmp_path, mongodb_url, database.db.name) as road:
        judged(road.github)
        yield road
