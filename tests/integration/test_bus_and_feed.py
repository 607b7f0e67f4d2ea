"""Whoever listens in a process hears what the feed shows of what it appended."""

import asyncio
import random

import pytest

from core.clock import Ids, SystemClock
from core.events.base import Payload
from core.events.bus import Bus, Lagged, Occurrence, Subscription
from core.events.journal import Journal
from core.events.schema import RunSuperseded, WriterRetired
from core.feed.feeder import Feeder
from core.feed.reader import FeedReader
from core.store.database import Database
from tests.fakes.histories import append_next

CLOCK = SystemClock()


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database."""
    return database


async def a_day(db: Database, bus: Bus) -> str:
    """Have this process and another append at once, and leave; return its name."""
    ours = Journal(db, clock=CLOCK, ids=Ids(CLOCK), bus=bus)
    name, others = ours.writer, Journal(db, clock=CLOCK, ids=Ids(CLOCK))
    rng = random.Random(7)  # noqa: S311 # a day from a number
    for _ in range(8):
        await asyncio.gather(
            *(
                append_next(journal, CLOCK, stream, events=rng.choice([1, 1, 3]))
                for journal in (ours, others)
                for stream in rng.sample(["x/1", "x/2", "x/3"], 2)
            )
        )
    await ours.close()
    bus.close()
    return name


async def shown(db: Database, writer: str, *types: str) -> list[tuple[str, Payload]]:
    """Return what the feed shows of what a process appended."""
    await Feeder(db, holder="f", clock=CLOCK, bus=Bus()).feed_once()
    own = await db.db["journal"].find({"writer": writer}).to_list(None)
    ids = {one["_id"] for one in own}
    return [
        (entry.id, entry.payload())
        for entry in await FeedReader(db).after(0)
        if entry.id.rpartition(".")[0] in ids and entry.type in types
    ]


async def heard(subscription: Subscription[Payload]) -> list[Occurrence[Payload]]:
    """Return all that a listener heard."""
    found = [one async for one in subscription]
    assert not any(isinstance(one, Lagged) for one in found)
    return [one for one in found if isinstance(one, Occurrence)]


async def test_a_listener_hears_what_the_feed_shows(db: Database) -> None:
    """The same events of the types it asked for, by the same ids, in the same order."""
    bus = Bus()
    everything = bus.subscribe(Payload)
    ends = bus.subscribe(WriterRetired)
    name = await a_day(db, bus)

    all_types = ("run.superseded", "writer.retired")
    assert [(one.id, one.event) for one in await heard(everything)] == await shown(
        db, name, *all_types
    )
    only = [(one.id, one.event) async for one in ends if isinstance(one, Occurrence)]
    assert only == await shown(db, name, "writer.retired")
    assert [id_ for id_, _ in only] == [f"writer/{name}:1.0"]


async def test_a_slow_listener_finds_in_the_feed_what_it_missed(db: Database) -> None:
    """A `Lagged` stands where events were left out, and says how many."""
    bus = Bus()
    slow = bus.subscribe(RunSuperseded, room=5)
    name = await a_day(db, bus)
    found = [one async for one in slow]

    told = await shown(db, name, "run.superseded")
    assert [one.id for one in found if isinstance(one, Occurrence)] == [
        id_ for id_, _ in told[:5]
    ]
    assert found[5:] == [Lagged(len(told) - 5)]


async def test_the_feed_is_the_same_from_memory_and_from_the_journal(
    db: Database,
) -> None:
    """A feeder in the process that appended, and one that must read."""
    bus = Bus()
    await a_day(db, bus)
    pages = []
    for known in (bus, Bus()):
        await db.db["feed"].delete_many({})
        await db.db["writers"].update_many({}, {"$set": {"live": True}})
        await Feeder(db, holder="f", clock=CLOCK, bus=known).feed_once()
        pages.append(await db.db["feed"].find({}).to_list(None))
    assert pages[0] == pages[1]
    assert len(pages[0]) == 1
