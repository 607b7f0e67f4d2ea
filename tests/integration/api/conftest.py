"""The API on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from core.store.database import Database
from tests.fakes.api import ApiStage, api_stage


@pytest.fixture
async def api(database: Database) -> AsyncIterator[ApiStage]:
    """Give the API over real HTTP."""
    async with api_stage(database) as stage:
        yield stage
