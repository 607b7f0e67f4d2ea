"""Old events leave the feed when their stories are over; a crash leaves no hole."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import Ids
from core.errors import (
    CursorTrimmedError,
    StoreUnavailableError,
    TrimmingElsewhereError,
)
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed import store, stretch, trim
from core.feed.floor import ROLE, Floor
from core.feed.index import COLLECTION as INDEX
from core.feed.index_store import FeedIndex
from core.feed.indexer import Indexer
from core.feed.page import COLLECTION
from core.feed.query import ALL, EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.feed.round import Pace, Round
from core.feed.store import FeedPages
from core.feed.trim import Trimmer
from core.store.database import Database
from core.store.roles import Roles
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import entries, lay, moment
from tests.fakes.histories import append

MANY = 60


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks and reaches of ten events."""
    monkeypatch.setattr(stretch, "LENGTH", 10)
    monkeypatch.setattr(trim, "REACH", 10)


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database with sixty events, all but the last indexed."""
    rng = random.Random(3)  # noqa: S311 # a feed from a number
    await lay(database, entries(MANY, rng), rng, most=6)
    await indexer_of(database).index_once()
    return database


def indexer_of(db: Database) -> Indexer:
    """Return an indexer that nobody told what was fed."""
    return Indexer(db, holder="i", clock=FakeClock(), bus=Bus())


def trimmer_of(db: Database, clock: FakeClock, *going: str) -> Trimmer:
    """Return a trimmer for which only these streams are not over."""

    async def is_over(stream: str, _: datetime) -> bool:
        return stream not in going

    return Trimmer(db, holder=Ids(clock).new("t"), clock=clock, is_over=is_over)


def later(seconds: int) -> FakeClock:
    """Return a clock that has come so far after the first event."""
    clock = FakeClock(skipping=True)
    clock.jump((moment(seconds) - clock.now()).total_seconds())
    return clock


async def kept(db: Database) -> list[int]:
    """Return the positions that a reader finds, from the first to the last."""
    page = await Replay(db).page(ALL, limit=500)
    return [one.position for one in page.entries]


async def lowest(db: Database, name: str) -> int:
    """Return the first position of a collection."""
    found = await db.db[name].find({}).to_list(None)
    return min((int(one["from"]) for one in found), default=0)


async def test_only_old_pages_go_and_their_blocks_with_them(db: Database) -> None:
    """Whole pages, of which every event is older."""
    clock = later(MANY + 100)
    before = await kept(db)
    trimmed = await trimmer_of(db, clock).trim(timedelta(seconds=130))
    left = await kept(db)
    assert left == before[trimmed.events :]
    assert left[0] == trimmed.oldest == await lowest(db, COLLECTION)
    assert 20 < trimmed.oldest <= 34
    assert trimmed.reason.startswith("it was decided at")
    assert await lowest(db, INDEX) == stretch.block_of(trimmed.oldest).first
    assert await FeedReader(db).oldest() == trimmed.oldest
    with pytest.raises(CursorTrimmedError):
        await Replay(db).page(ALL, after=trimmed.oldest - 2)


async def test_a_story_that_goes_on_stays_whole_from_its_first_event(
    db: Database,
) -> None:
    """Also what others did meanwhile; once it is over, all of it may go."""
    clock = later(10_000)
    story = (await Replay(db).page(EventFilter(run_id="run_3"))).entries
    trimmed = await trimmer_of(db, clock, "run/run_3").trim(timedelta(days=0))
    assert trimmed.reason == "run/run_3 is not over"
    assert trimmed.oldest <= story[0].position
    assert (await Replay(db).page(EventFilter(run_id="run_3"))).entries == story

    trimmed = await trimmer_of(db, clock).trim(timedelta(days=0))
    assert trimmed.reason == "the feed's last page says how far it goes"
    assert (await kept(db))[-1] == MANY


async def test_a_preview_tells_the_same_and_changes_nothing(db: Database) -> None:
    """What would go, went."""
    clock, before = later(MANY + 100), await kept(db)
    seen = await trimmer_of(db, clock).preview(timedelta(seconds=130))
    assert await kept(db) == before
    assert seen == await trimmer_of(db, clock).trim(timedelta(seconds=130))


async def test_the_feed_goes_on_behind_what_was_trimmed(db: Database) -> None:
    """A feeder that knows nothing finds the end, and so does the indexer."""
    clock = later(10_000)
    await trimmer_of(db, clock).trim(timedelta(0))
    journal = Journal(db, clock=clock, ids=Ids(clock))
    for seq in (1, 2):
        await append(journal, clock, "x/1", seq, events=6)
    feeding = Round(db, clock=clock, pace=Pace())
    assert await feeding.run() == 12
    assert (await kept(db))[-12:] == list(range(MANY + 1, MANY + 13))
    assert await indexer_of(db).index_once() == 1
    await journal.close()


DEATHS = [
    (kind, name, number, after)
    for kind, name in ((Roles, "renew"), (FeedIndex, "drop"), (FeedPages, "drop"))
    for number in (1, 2, 3)
    for after in (False, True)
]


@pytest.mark.parametrize(("kind", "name", "number", "after"), DEATHS)
async def test_a_death_at_any_write_leaves_no_hole(
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Any],
    name: str,
    number: int,
    *,
    after: bool,
) -> None:
    """What is kept can be read whole, and the next one clears away the rest."""
    clock, writes = later(10_000), 0
    before, write = await kept(db), getattr(kind, name)

    async def dying(*given: Any, **named: Any) -> Any:
        nonlocal writes
        writes += 1
        if writes == number:
            if after:
                await write(*given, **named)
            raise StoreUnavailableError(reason="killed")
        return await write(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(kind, name, dying)
        with pytest.raises(StoreUnavailableError):
            await trimmer_of(db, clock).trim(timedelta(0))
    oldest = await FeedReader(db).oldest()
    assert await kept(db) == before[oldest - 1 :]
    words = EventFilter(words=frozenset({f"w{MANY}"}))
    assert len((await Replay(db).page(words)).entries) == 1

    clock.jump(61)
    trimmed = await trimmer_of(db, clock).trim(timedelta(0))
    assert await kept(db) == before[trimmed.oldest - 1 :]
    assert await lowest(db, COLLECTION) == trimmed.oldest
    assert await lowest(db, INDEX) in (0, stretch.block_of(trimmed.oldest).first)


async def test_one_trims_at_a_time_and_a_late_one_stops(db: Database) -> None:
    """The second is told so; who lost the role moves nothing more."""
    clock = later(10_000)
    lease = await Roles(db, clock=clock).take(ROLE, "first", 60)
    assert lease is not None
    with pytest.raises(TrimmingElsewhereError):
        await trimmer_of(db, clock).trim(timedelta(0))
    clock.jump(61)
    assert await Roles(db, clock=clock).take(ROLE, "second", 60)
    with pytest.raises(TrimmingElsewhereError):
        await trimmer_of(db, clock)._move(lease, 1, 11)
    assert (await kept(db))[0] == 1


@pytest.mark.parametrize("newest_first", [False, True])
async def test_who_reads_meanwhile_misses_nothing_unknowingly(
    db: Database, *, newest_first: bool
) -> None:
    """Pages follow each other without a gap until the reader is told of one."""
    clock, seen = later(10_000), list[int]()
    trimming = asyncio.create_task(trimmer_of(db, clock).trim(timedelta(0)))
    cursor: int | None = None
    try:
        while True:
            page = await Replay(db).page(
                ALL,
                limit=3,
                after=None if newest_first else cursor,
                before=cursor if newest_first else None,
                newest_first=newest_first,
            )
            seen += [one.position for one in page.entries]
            cursor = page.next
            if cursor is None:
                break
    except CursorTrimmedError:
        assert await FeedReader(db).oldest() > seen[-1] + 1
    step = -1 if newest_first else 1
    assert seen == list(range(seen[0], seen[-1] + step, step))
    await trimming


def trimmed_at_first_look(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the feed be trimmed just before somebody reads a reach of it."""
    clock, between, looks = later(10_000), FeedReader.between, 0

    async def late(self: FeedReader, first: int, last: int) -> Any:
        nonlocal looks
        looks += 1
        if looks == 1:
            await trimmer_of(db, clock).trim(timedelta(0))
        return await between(self, first, last)

    monkeypatch.setattr(FeedReader, "between", late)


async def test_a_page_whose_beginning_goes_meanwhile_begins_anew(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked for all gets what is kept."""
    trimmed_at_first_look(db, monkeypatch)
    page = await Replay(db).page(ALL, limit=500)
    assert page.entries[0].position == page.oldest > 1


async def test_who_came_back_is_told_that_events_went_meanwhile(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page without its beginning would look whole."""
    trimmed_at_first_look(db, monkeypatch)
    with pytest.raises(CursorTrimmedError):
        await Replay(db).page(ALL, after=3)


async def test_who_looks_for_the_end_meanwhile_finds_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feeder that took the feed for empty would begin it anew."""
    monkeypatch.setattr(store, "MOST_ENTRIES", 10)
    clock = later(MANY + 100)
    await trimmer_of(db, clock).trim(timedelta(seconds=110))
    now, told = Floor.oldest, [1]

    async def then(floor: Floor) -> int:
        return told.pop() if told else await now(floor)

    monkeypatch.setattr(Floor, "oldest", then)
    assert (await FeedPages(db).head()).position == MANY
    assert told == []


async def test_an_empty_feed_has_nothing_to_trim(database: Database) -> None:
    """And says so."""
    trimmed = await trimmer_of(database, later(0)).trim(timedelta(0))
    assert (trimmed.events, trimmed.reason) == (0, "nothing is there yet")
