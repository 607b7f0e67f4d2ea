"""The announcer runs beside the bot: it wakes, waits out an outage, and ends."""

import asyncio

import pytest
from structlog.testing import capture_logs

from core.store.database import Database
from tests.fakes.announcing import (
    AwayOutbox,
    Process,
    arrival,
    story,
    types,
    until_told,
)
from tests.fakes.clock import FakeClock
from tests.fakes.waiting import eventually


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database with all that nofx has."""
    return database


async def test_a_long_backlog_is_told_in_short_rounds(store: Database) -> None:
    """Nobody who acknowledges deliveries waits long for it."""
    process = Process(store, FakeClock())
    guids = [f"g{number}" for number in range(30)]
    await asyncio.gather(*(process.deliveries.add(arrival(guid)) for guid in guids))

    told = [await process.announcer.tell() for _ in range(4)]

    assert told == [12, 12, 6, 0]
    for guid in guids:
        assert types(await story(store, guid)) == [(1, "delivery.received")]


async def test_it_wakes_for_an_arrival_and_tells_the_last_at_its_end(
    store: Database,
) -> None:
    """Between arrivals it sleeps; `stop` lets it tell what came meanwhile."""
    clock = FakeClock()
    process = Process(store, clock)
    running = asyncio.create_task(process.announcer.run())
    await clock.sleeping()
    await process.deliveries.add(arrival())
    while not await story(store):
        await clock.advance(0.01)

    await clock.sleeping()
    await process.deliveries.add(arrival("last"))
    process.announcer.stop()
    await running

    assert types(await story(store, "last")) == [(1, "delivery.received")]


async def test_it_outlasts_a_database_that_is_away(store: Database) -> None:
    """It says so, waits, and tells everything later."""
    clock = FakeClock(skipping=True)
    process = Process(store, clock)
    await process.deliveries.add(arrival())
    outbox = AwayOutbox(store, name=process.deliveries.name, clock=clock)
    announcer = process.with_outbox(outbox, clock)
    with capture_logs() as logged:
        running = asyncio.create_task(announcer.run())
        await eventually(lambda: outbox.away == 0)
        await until_told(store, "a")
        announcer.stop()
        await running

    assert [one["event"] for one in logged].count("announcer.waiting") == 2
