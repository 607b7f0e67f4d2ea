"""What every test can ask for: a real database and a clock that it moves itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from random import SystemRandom

import pytest
from hypothesis import settings

from core.clock import SystemClock
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from tests.fakes.clock import FakeClock
from tests.fakes.kept import KeptDatabases
from tests.judges.github_requests import github_judges, judged

__all__ = ["github_judges", "judged"]

NUMBERS = count(1)
# How long an example takes is the machine's affair; a test that hangs has its time-out.
settings.register_profile("nofx", deadline=None)
settings.load_profile("nofx")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a row of random faults be repeated."""
    parser.addoption("--chaos-seed", type=int, help="what random faults begin from")


@pytest.fixture
def chaos_seed(request: pytest.FixtureRequest) -> int:
    """Give what random faults begin from; shown with a failure, to be given again."""
    given = request.config.getoption("--chaos-seed")
    seed = SystemRandom().randrange(10_000) if given is None else int(given)
    print(f"Again with: --chaos-seed {seed}")  # noqa: T201 # pytest shows it on failure
    return seed


@pytest.fixture(scope="session")
def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one embedded server for this test process and give its address."""
    folder = tmp_path_factory.mktemp("mongodb")
    server = EmbeddedServer(folder, clock=SystemClock())
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(server.open())
        yield server.url
        runner.run(server.close())


@pytest.fixture
async def empty_database(mongodb_url: str) -> AsyncIterator[Database]:
    """Give a database of the test's own, in which there is nothing."""
    database = connect(mongodb_url, name=f"test_{next(NUMBERS)}", embedded=True)
    yield database
    await database.client.drop_database(database.db)
    await database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Give a database of the test's own; a room applies its own schema."""
    return empty_database


@pytest.fixture(scope="session")
def kept_databases(mongodb_url: str) -> KeptDatabases:
    """Give the databases with nofx's schema that tests use one after the other."""
    return KeptDatabases(mongodb_url)


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands still until the test advances it."""
    return FakeClock()
