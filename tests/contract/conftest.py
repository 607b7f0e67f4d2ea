"""What the store's contract suites share: a database over each driver."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Literal

import pytest

from core.store.database import Database, connect

NUMBERS = count(1)
Driver = Literal["motor", "pymongo"]


@pytest.fixture(params=["motor", "pymongo"])
def driver(request: pytest.FixtureRequest) -> Driver:
    """Name the driver under test."""
    name: Driver = request.param
    return name


@pytest.fixture
async def store(mongodb_url: str, driver: Driver) -> AsyncIterator[Database]:
    """Give an empty database, reached by the driver under test."""
    name = f"contract_{next(NUMBERS)}"
    store = connect(mongodb_url, name=name, embedded=True, driver=driver)
    yield store
    await store.client.drop_database(name)
    await store.close()
