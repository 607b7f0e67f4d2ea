"""A run's events are found without looking through what happened before and after."""

from typing import Any

import pytest

from core.clock import Ids, SystemClock
from core.errors import FeedDamagedError
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed import replay, stretch
from core.feed.index import FEED_INDEX
from core.feed.index_store import FeedIndex
from core.feed.indexer import Indexer
from core.feed.page import COLLECTION, FEED_COLLECTIONS, ROLE
from core.feed.query import ALL, EventFilter
from core.feed.replay import Replay
from core.feed.round import Pace, Round
from core.feed.stretch import Stretch
from core.store.database import Database
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.clock import NOON
from tests.fakes.histories import append

SYSTEM = SystemClock()
RUN = EventFilter(run_id="run_1")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks of ten events."""
    monkeypatch.setattr(stretch, "LENGTH", 10)
    monkeypatch.setattr(replay, "NEAR", 20)


@pytest.fixture
async def db(empty_database: Database) -> Database:
    """Give a feed of 600 others' events, with four of a run in the middle."""
    database = empty_database
    await migrate(
        database, Schema(version=1, collections=(*FEED_COLLECTIONS, FEED_INDEX))
    )
    journal = Journal(database, clock=SYSTEM, ids=Ids(SYSTEM))
    for seq in range(1, 61):
        await append(journal, SYSTEM, "x/1", seq, events=10)
        if seq in (30, 32):
            await append(journal, SYSTEM, "run/run_1", 1 + seq // 32, events=2)
    await fed(database)
    await journal.close()
    return database


async def fed(db: Database) -> None:
    """Bring all that was appended into the feed and its index."""
    while await Round(db, clock=SYSTEM, pace=Pace()).run():
        continue
    await Indexer(db, holder="i", clock=SYSTEM, bus=Bus()).index_once()


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Stretch]:
    """Give the stretches of the index that are read."""
    seen: list[Stretch] = []
    overlapping = FeedIndex.overlapping

    async def noting(self: FeedIndex, part: Stretch) -> Any:
        seen.append(part)
        return await overlapping(self, part)

    monkeypatch.setattr(FeedIndex, "overlapping", noting)
    return seen


async def test_only_the_middle_is_looked_at(
    db: Database, looked: list[Stretch]
) -> None:
    """From its first event to its last, and both directions tell the same."""
    page = await Replay(db).page(RUN)
    wanted = [f"run/run_1:{seq}.{index}" for seq in (1, 2) for index in (0, 1)]
    assert [one.id for one in page.entries] == wanted
    assert (page.next, page.partial) == (None, False)
    assert min(one.first for one in looked) > 280
    assert max(one.last for one in looked) < 400

    page = await Replay(db).page(RUN, newest_first=True)
    assert [one.id for one in page.entries] == wanted[::-1]


async def test_pages_of_a_run_end_exactly(db: Database) -> None:
    """The last page says that it is."""
    seen, cursor, pages = list[str](), 0, 0
    while True:
        page = await Replay(db).page(RUN, after=cursor, limit=2)
        seen += [one.id for one in page.entries]
        pages += 1
        if page.next is None:
            break
        cursor = page.next
    assert (len(seen), len(set(seen)), pages) == (4, 4, 2)


async def test_a_run_that_goes_on_is_found_to_its_new_end(db: Database) -> None:
    """And one that is not fed yet is looked for as far as the feed goes."""
    journal = Journal(db, clock=SYSTEM, ids=Ids(SYSTEM))
    await append(journal, SYSTEM, "run/run_1", 3)
    assert len((await Replay(db).page(RUN)).entries) == 4
    await fed(db)
    assert len((await Replay(db).page(RUN)).entries) == 5
    assert (await Replay(db).page(EventFilter(run_id="run_2"))).entries == ()
    await journal.close()


async def test_pages_that_nobody_trimmed_are_missed(db: Database) -> None:
    """It is said, and not waited for for ever."""
    pages = await db.db[COLLECTION].find({}).to_list(None)
    pages.sort(key=lambda page: int(page["from"]))
    role = {"holder": "f", "fence": 1, "until": NOON, "note": {"head": pages[-1]["to"]}}
    await db.db["roles"].insert_one({"_id": ROLE, **role})
    await db.db[COLLECTION].delete_one({"_id": pages[1]["_id"]})
    with pytest.raises(FeedDamagedError):
        await Replay(db).page(ALL, limit=500)
