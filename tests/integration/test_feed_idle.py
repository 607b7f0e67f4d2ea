"""What a feeder asks of the database while nothing happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.clock import Ids
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed.feeder import Feeder, Pace
from core.feed.page import ROLE
from core.feed.reader import FeedReader
from core.store.database import Database
from core.store.roles import Roles
from tests.fakes.clock import FakeClock
from tests.fakes.histories import append
from tests.fakes.turns import through


class Idler:
    """A feeder in a process of its own, and how many commands it has sent."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.sent = 0
        self._clock = clock
        self._under_way = 0
        self.bus = Bus()
        mine = through(database, self._command)
        self.feeder = Feeder(mine, holder="one", clock=clock, bus=self.bus)

    async def _command(self, perform: Callable[[], Awaitable[Any]]) -> Any:
        self.sent += 1
        return await perform()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it beside the body."""
        running = asyncio.create_task(self.feeder.run())
        await self._clock.sleeping()
        yield
        self.feeder.stop()
        await running

    async def minute(self) -> int:
        """Let a minute pass, and return how many commands were sent in it."""
        before, end = self.sent, self._clock.monotonic() + 60
        while self._clock.monotonic() < end:
            await self._clock.sleeping()
            await self._clock.advance(0.025)
        return self.sent - before


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database."""
    return database


@pytest.fixture
def journal(db: Database, clock: FakeClock) -> Journal:
    """Give the journal of another process."""
    return Journal(db, clock=clock, ids=Ids(clock))


async def test_a_feeder_without_work_hardly_asks(
    db: Database, clock: FakeClock, journal: Journal
) -> None:
    """It looks for others' appends now and then, and keeps its role."""
    await append(journal, clock, "x/1", 1)
    idler = Idler(db, clock)
    async with idler.running():
        await idler.minute()
        assert 20 <= await idler.minute() <= 90


async def test_a_feeder_without_the_role_asks_for_it_alone(
    db: Database, clock: FakeClock
) -> None:
    """As often as is needed to follow one that died."""
    assert await Roles(db, clock=clock).take(ROLE, "leader", 3600)
    idler = Idler(db, clock)
    async with idler.running():
        assert 20 <= await idler.minute() <= 30
    assert Pace().lease + Pace().renew < 10


async def test_an_append_elsewhere_is_late_by_little_of_the_silence_before(
    db: Database, clock: FakeClock, journal: Journal
) -> None:
    """After a moment a moment, and never more than two seconds."""
    idler, reader = Idler(db, clock), FeedReader(db)
    async with idler.running():
        for seq, (silence, late) in enumerate([(6, 0.5), (30, 1.1), (600, 2.1)], 1):
            await pass_time(clock, silence)
            await append(journal, clock, "x/1", seq)
            await pass_time(clock, late)
            assert await reader.head() == seq


async def pass_time(clock: FakeClock, seconds: float) -> None:
    """Let time pass, step by step, for a loop that asks the database in between."""
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        await clock.sleeping()
        await clock.advance(0.025)
    await clock.sleeping()
