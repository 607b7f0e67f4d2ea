"""Workers hear of what other processes queue, from servers that tell."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any, cast

import pytest
from pymongo.errors import OperationFailure

from core.clock import SystemClock
from core.runs.watcher import Watcher
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from tests.fakes.clock import FakeClock
from tests.fakes.stage import QUICK, Stage, runs_over, serving, subject

# It looks by itself once, and then never within a test.
SLEEPY = replace(QUICK, poll=3600)
NUMBERS = count(1)


@pytest.fixture(scope="module")
def telling_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an embedded server that tells of changes, and give its address."""
    folder = tmp_path_factory.mktemp("telling")
    server = EmbeddedServer(folder, clock=SystemClock(), change_streams=True)
    asyncio.run(server.open())
    yield server.url
    asyncio.run(server.close())


@pytest.fixture
async def database(telling_url: str) -> AsyncIterator[Database]:
    """Give a database of the test's own on that server."""
    database = connect(telling_url, name=f"test_{next(NUMBERS)}", embedded=True)
    yield database
    await database.close()


@asynccontextmanager
async def watching(watcher: Watcher) -> AsyncIterator[None]:
    """Let a watcher run within the body."""
    running = asyncio.create_task(watcher.run())
    try:
        yield
    finally:
        watcher.stop()
        await running


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_run_of_another_process_wakes_an_idle_worker(
    stage: Stage, telling_url: str, driver: Any
) -> None:
    """So does one that comes back to the queue; polling would take an hour."""
    name = stage.database.db.name
    watched = connect(telling_url, name=name, embedded=True, driver=driver)
    worker = stage.worker(pace=SLEEPY)
    elsewhere = stage.other_process()
    async with watching(Watcher(watched, stage.runs)), serving(worker):
        for pull in (1, 2):
            asked = await elsewhere.request(subject(pull=pull), str(pull))
            await elsewhere.release(asked.run_id)
            await stage.until(asked.run_id, "succeeded")
        third = await elsewhere.request(subject(pull=3), "3")
        await elsewhere.pause(third.run_id, actor="alice", reason="")
        await elsewhere.resume(third.run_id, actor="alice", reason="")
        await stage.until(third.run_id, "succeeded")
    await watched.close()


class Refusing:
    """A collection whose server has no change streams, or breaks them."""

    def __init__(self, code: int) -> None:
        self.code = code

    def __getitem__(self, name: str) -> "Refusing":
        """Stand for the database too."""
        return self

    def watch(self, pipeline: object) -> object:
        """Refuse as the server does."""
        raise OperationFailure("refused", self.code)


async def test_a_server_without_streams_is_polled(
    stage: Stage, logged: list[MutableMapping[str, Any]]
) -> None:
    """It is said once, and the watcher is done."""
    lonely = Database(stage.database.client, cast("Any", Refusing(40573)))
    await Watcher(lonely, stage.runs).run()
    assert [one["event"] for one in logged] == ["queue.polled"]


async def test_a_stream_that_breaks_is_taken_up_again(
    stage: Stage, clock: FakeClock, logged: list[MutableMapping[str, Any]]
) -> None:
    """After a pause, for as long as the process lives."""
    broken = Database(stage.database.client, cast("Any", Refusing(136)))
    runs = runs_over(stage.database, clock)
    async with watching(Watcher(broken, runs)):
        for count in (1, 2, 3):
            await clock.sleeping()
            assert {one["event"] for one in logged} == {"queue.unwatched"}
            assert len(logged) >= count
            await clock.advance(10)


async def test_an_unwanted_watcher_does_nothing(stage: Stage) -> None:
    """Neither does it fail where there are no streams."""
    broken = Database(stage.database.client, cast("Any", Refusing(136)))
    await Watcher(broken, stage.runs, wanted=False).run()
