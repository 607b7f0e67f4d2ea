"""The indexer: each block once, whoever dies or comes late, and beside the feeder."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from core.clock import Ids, SystemClock
from core.errors import FeedDamagedError, StoreUnavailableError
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed import stretch
from core.feed.feeder import Feeder
from core.feed.floor import ROLE as TRIMMER
from core.feed.index import COLLECTION as INDEX
from core.feed.index import has, print_of
from core.feed.index_store import FeedIndex
from core.feed.indexer import LEASE, ROLE, Indexer
from core.feed.just_fed import JustFed
from core.feed.page import COLLECTION
from core.feed.query import EventFilter
from core.feed.replay import Replay
from core.feed.words import words_of
from core.store.database import Database
from core.store.roles import Roles
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.feeds import entries, lay
from tests.fakes.histories import append

SYSTEM = SystemClock()


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks of ten events."""
    monkeypatch.setattr(stretch, "LENGTH", 10)


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database with 47 events."""
    rng = random.Random(7)  # noqa: S311 # a feed from a number
    await lay(database, entries(47, rng), rng, most=7)
    return database


def indexer_of(db: Database, **more: Any) -> Indexer:
    """Return the indexer of one more process."""
    return Indexer(db, holder="i", clock=SYSTEM, bus=more.pop("bus", Bus()), **more)


async def blocks(db: Database) -> list[tuple[int, int, bytes]]:
    """Return what is indexed: from, to and prints of each block."""
    found = await db.db[INDEX].find({}).to_list(None)
    return sorted((one["from"], one["to"], bytes(one["prints"])) for one in found)


async def test_only_full_blocks_are_indexed_and_each_follows_the_last(
    db: Database,
) -> None:
    """The rest waits until its block is full."""
    indexer = indexer_of(db)
    assert await indexer.index_once() == 4
    assert await indexer.index_once() == 0
    rng = random.Random(8)  # noqa: S311 # as above
    await lay(db, entries(5, rng, start=48), rng, most=7)
    assert await indexer_of(db).index_once() == 1

    bounds = [(first, last) for first, last, _ in await blocks(db)]
    assert bounds == [(n, n + 9) for n in (1, 11, 21, 31, 41)]
    found = await db.db[INDEX].find({}).to_list(None)
    reached = [one["reached"] for one in sorted(found, key=lambda one: one["_id"])]
    assert reached == sorted(reached)
    assert reached[-1] == max(one["latest"] for one in found)
    for place, moment in enumerate(reached):
        begin = await FeedIndex(db).reaching(moment, 1, 47)
        assert begin == 10 * reached.index(moment, 0, place + 1) + 1
    assert await FeedIndex(db).reaching(reached[-1] + timedelta(1), 1, 41) == 41


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(4))
async def test_a_death_at_any_write_loses_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch, *, number: int, after: bool
) -> None:
    """Before or after the n-th block is stored: the next indexer goes on there."""
    whole = indexer_of(db)
    await whole.index_once()
    wanted = await blocks(db)
    await db.db[INDEX].delete_many({})
    add, writes = FeedIndex.add, 0

    async def dying(self: FeedIndex, block: Any) -> bool:
        nonlocal writes
        writes += 1
        if writes == number + 1:
            if after:
                await add(self, block)
            raise StoreUnavailableError(reason="killed")
        return await add(self, block)

    monkeypatch.setattr(FeedIndex, "add", dying)
    with pytest.raises(StoreUnavailableError):
        await indexer_of(db).index_once()
    assert len(await blocks(db)) == number + after
    await indexer_of(db).index_once()
    assert await blocks(db) == wanted


async def test_two_at_once_write_the_same(db: Database) -> None:
    """A zombie's blocks are there already, and its own are refused."""
    zombie, indexer = indexer_of(db), indexer_of(db)
    await zombie._one_block()
    assert await indexer.index_once() == 3
    assert await zombie.index_once() == 3
    assert [first for first, _, _ in await blocks(db)] == [1, 11, 21, 31]


async def trimmed_to(db: Database, position: int) -> int:
    """Trim what ends before a position; returns the oldest that is kept."""
    await db.db[COLLECTION].delete_many({"to": {"$lt": position}})
    left = await db.db[COLLECTION].find({}).to_list(None)
    oldest = min(int(page["from"]) for page in left)
    role = {"holder": "t", "fence": 1, "until": NOON, "note": {"oldest": oldest}}
    await db.db["roles"].insert_one({"_id": TRIMMER, **role})
    return oldest


async def test_what_is_trimmed_before_its_turn_is_passed_over(db: Database) -> None:
    """An indexer that is far behind goes on where the feed begins by then."""
    indexer = indexer_of(db)
    assert await indexer._one_block()
    oldest = await trimmed_to(db, 27)
    assert oldest > 20
    first = stretch.block_of(oldest + 9).first
    assert await indexer.index_once() == (41 - first) // 10
    assert [one for one, _, _ in await blocks(db)] == [1, *range(first, 41, 10)]


async def test_an_indexer_stops_where_pages_are_missing(db: Database) -> None:
    """Nobody trimmed them, so to look again would never end."""
    await db.db[COLLECTION].delete_many({"to": {"$gte": 15, "$lt": 25}})
    with pytest.raises(FeedDamagedError):
        await indexer_of(db).index_once()


async def test_what_was_trimmed_before_it_was_indexed_is_left_out(
    db: Database,
) -> None:
    """The first block is the first whole one; what is before it is read as it is."""
    oldest = await trimmed_to(db, 14)
    assert 1 < oldest <= 14
    first = stretch.block_of(oldest + 9).first
    assert await indexer_of(db).index_once() == (41 - first) // 10
    assert (await blocks(db))[0][0] == first

    for wanted in (EventFilter(), EventFilter(since=NOON + timedelta(seconds=20))):
        page = await Replay(db).page(wanted)
        assert page.oldest == oldest
        shown = [one.position for one in page.entries]
        assert shown == sorted(shown)
    assert len((await Replay(db).page(EventFilter())).entries) == 48 - oldest


async def test_a_block_is_made_anew_when_its_page_was_changed(db: Database) -> None:
    """What was erased is no longer found, and leaves no print."""
    indexer = indexer_of(db)
    await indexer.index_once()
    pages = await db.db[COLLECTION].find({}).to_list(None)
    page = next(one for one in pages if one["from"] <= 15 <= one["to"])
    for entry in page["entries"]:
        entry["data"] = {}
    await db.db[COLLECTION].replace_one({"_id": page["_id"]}, page)

    assert await indexer.rebuild(15)
    assert not await indexer.rebuild(45)
    prints = {first: prints for first, _, prints in await blocks(db)}
    assert not has(prints[11], print_of("w15"))
    kind = page["entries"][15 - page["from"]]["type"]
    assert has(prints[11], print_of(f"type:{kind}"))
    found = await Replay(db).page(EventFilter(words=words_of("w15")))
    assert found.entries == ()


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Return once something is so; a test's time-out ends what never is."""
    while True:
        if await happened():
            return
        await asyncio.sleep(0.01)


async def test_it_follows_the_feeder_and_gives_the_role_away(db: Database) -> None:
    """Beside the feeder it reads no page; the role is free at once when it stops."""
    await db.db[COLLECTION].delete_many({})
    bus, fed = Bus(), JustFed()
    journal = Journal(db, clock=SYSTEM, ids=Ids(SYSTEM), bus=bus)
    feeder = Feeder(db, holder="f", clock=SYSTEM, bus=bus, just_fed=fed)
    indexer = indexer_of(db, bus=bus, just_fed=fed)

    async def no_pages(first: int, last: int) -> Any:
        raise AssertionError((first, last))

    indexer._feed.between = no_pages  # type: ignore[method-assign] # to see if it reads
    tasks = [asyncio.create_task(one.run()) for one in (feeder, indexer)]
    for seq in range(1, 6):
        await append(journal, SYSTEM, "x/1", seq, events=5)

    async def indexed() -> bool:
        return len(await blocks(db)) == 2

    with capture_logs() as logs:
        await until(indexed)
        for one in (indexer, feeder):
            one.stop()
        await asyncio.gather(*tasks)
    assert [one for one in logs if one["log_level"] == "error"] == []
    assert await Roles(db, clock=SYSTEM).take(ROLE, "next", 60)
    await journal.close()


class Stumbling(Indexer):
    """Finds the database away at its first look, and a bug at its second."""

    looks = 0

    @override
    async def _one_block(self) -> bool:
        self.looks += 1
        if self.looks == 1:
            raise StoreUnavailableError(reason="it is away")
        if self.looks == 2:
            raise ZeroDivisionError
        return await super()._one_block()


async def test_whatever_fails_is_tried_again_later(db: Database) -> None:
    """Readers do without the index meanwhile, and nothing else ends with it."""
    clock = FakeClock(skipping=True)
    indexer = Stumbling(db, holder="i", clock=clock, bus=Bus())

    async def indexed() -> bool:
        return len(await blocks(db)) == 4

    with capture_logs() as logs:
        running = asyncio.create_task(indexer.run())
        await until(indexed)
        indexer.stop()
        await running
    said = [one["event"] for one in logs]
    assert said[:2] == ["indexer.waiting", "indexer.failed"]


async def test_who_lost_the_role_waits_for_it(db: Database) -> None:
    """Another has it now; when that one is gone, it is taken again."""
    clock = FakeClock(skipping=True)
    indexer = Indexer(db, holder="i", clock=clock, bus=Bus())
    lease = await indexer._held(None)
    assert lease is not None
    await db.db["roles"].update_one({"_id": ROLE}, {"$set": {"fence": 9}})
    assert await indexer._held(lease) is None
    assert await indexer._held(None) is None
    clock.jump(LEASE + 1)
    taken = await indexer._held(None)
    assert taken is not None
    assert taken.fence == 10


def test_what_was_just_fed_is_kept_without_a_gap() -> None:
    """Only a reach that is here whole is given; what does not follow begins anew."""
    found = entries(30, random.Random(1))  # noqa: S311 # as above
    kept = JustFed(most=2)
    assert kept.between(1, 1) is None
    kept.add(found[:5])
    kept.add(found[5:8])
    assert kept.between(1, 8) == tuple(found[:8])
    kept.add(found[8:15])
    assert kept.between(6, 15) == tuple(found[5:15])
    assert kept.between(7, 9) == tuple(found[6:9])
    assert kept.between(5, 9) is None
    assert kept.between(10, 16) is None
    kept.add(found[20:22])
    assert kept.between(15, 15) is None
    assert kept.between(21, 22) == tuple(found[20:22])
