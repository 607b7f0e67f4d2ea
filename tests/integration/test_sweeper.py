"""Unreferenced blobs go once a day without anybody asking for it."""

import asyncio
import os

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from core.errors import BlobNotFoundError, StoreUnavailableError
from core.store.blobs import SOON, Blobs
from core.store.daily import DAY, LOOK
from core.store.database import Database
from core.store.garbage import Swept
from core.store.sweeper import Sweeper, swept_soon
from tests.fakes.clock import FakeClock


@pytest.fixture
async def blobs(database: Database, clock: FakeClock) -> Blobs:
    """Give blobs in a database that has roles."""
    return Blobs(database, clock=clock)


class Stumbling(Sweeper):
    """Finds the database away at its first look, and a bug at its second."""

    looks = 0

    @override
    async def sweep_once(self) -> Swept | None:
        self.looks += 1
        if self.looks == 1:
            raise StoreUnavailableError(reason="it is away")
        if self.looks == 2:
            raise ZeroDivisionError
        return await super().sweep_once()


class Tripping(Sweeper):
    """Takes the day's role, and fails the first time."""

    tripped = False

    @override
    async def sweep_once(self) -> Swept | None:
        if not self.tripped:
            self.tripped = await self.is_due()
            raise StoreUnavailableError(reason="it went away meanwhile")
        return await super().sweep_once()


async def left(database: Database) -> int:
    """Return how many blobs there are."""
    return len(await database.db["blobs"].find({}).to_list(None))


async def test_one_of_several_processes_sweeps_and_none_again_that_day(
    database: Database, blobs: Blobs, clock: FakeClock
) -> None:
    """The second finds the day's sweep done; a day later the first to look sweeps."""
    first, second = (Sweeper(database, holder=n, clock=clock) for n in ("a", "b"))
    await blobs.put(b"old")
    clock.jump(DAY + 1)
    swept = await first.sweep_once()
    assert swept is not None
    assert swept.deleted == 1
    assert await second.sweep_once() is None
    clock.jump(DAY)
    assert await second.sweep_once() is not None


async def test_it_looks_by_itself_until_it_is_stopped(
    database: Database, blobs: Blobs, clock: FakeClock
) -> None:
    """A database that is away, or a sweep that fails, is looked at again later."""
    await blobs.put(b"old")
    clock.jump(DAY + 1)
    sweeper = Stumbling(database, holder="a", clock=clock)
    with capture_logs():  # a traceback with every local takes long to draw
        running = asyncio.create_task(sweeper.run())
        for _ in range(3):
            await clock.sleeping()
            await clock.advance(LOOK)
        await clock.sleeping()
    assert (sweeper.looks, await left(database)) == (3, 0)
    sweeper.stop()
    await running


async def test_what_failed_on_the_way_is_tried_again_the_same_day(
    database: Database, blobs: Blobs, clock: FakeClock
) -> None:
    """Its role is taken for the day by then, and nobody else would do it."""
    await blobs.put(b"old")
    clock.jump(DAY + 1)
    sweeper = Tripping(database, holder="a", clock=clock)
    running = asyncio.create_task(sweeper.run())
    for _ in range(2):
        await clock.sleeping()
        await clock.advance(LOOK)
    await clock.sleeping()
    assert (sweeper.tripped, await left(database)) == (True, 0)
    sweeper.stop()
    await running


async def test_what_was_let_go_goes_in_hours(
    database: Database, blobs: Blobs, clock: FakeClock
) -> None:
    """The day's sweep comes earlier for it; what others name or store again stays."""
    sweeper = Sweeper(database, holder="a", clock=clock)
    clock.jump(DAY)
    assert await sweeper.sweep_once() is not None
    parts = [os.urandom(300_000) for _ in range(3)]
    erased = await blobs.put(parts[0] + parts[1])
    shares = await blobs.put(parts[1] + parts[2])
    again, other = await blobs.put(b"stored again"), await blobs.put(b"young")
    for one in (erased, again):
        await swept_soon(database, one, clock=clock)
    clock.jump(SOON.total_seconds() / 2)
    assert await sweeper.sweep_once() is None
    await blobs.put(b"stored again")
    clock.jump(SOON.total_seconds() / 2 + LOOK)
    swept = await sweeper.sweep_once()
    assert swept is not None
    assert swept.deleted > 1
    assert await blobs.get(shares) == parts[1] + parts[2]
    assert await blobs.get(again) == b"stored again"
    assert await blobs.get(other) == b"young"
    with pytest.raises(BlobNotFoundError):
        await blobs.get(erased)
