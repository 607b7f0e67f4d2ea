"""The feed over the real database: order, pages, the feeder's role, ended logs."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import WriteError
from structlog.testing import capture_logs
from typing_extensions import override

from core.clock import Clock, Ids, SystemClock
from core.errors import FeedOvertakenError, StoreUnavailableError
from core.events.bus import Bus
from core.events.journal import Journal
from core.events.schema import RunSuperseded, WriterRetired
from core.events.writers import Writers
from core.feed import round as feed_round
from core.feed.feeder import Feeder, Pace
from core.feed.page import (
    COLLECTION,
    MOST_ENTRIES,
    ROLE,
    FeedEntry,
    Head,
    Page,
)
from core.feed.reader import FeedReader
from core.feed.round import Round
from core.feed.store import FeedPages
from core.store.database import Database
from core.store.roles import Roles
from tests.fakes.clock import FakeClock
from tests.fakes.histories import append, faults_in, history

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SYSTEM = SystemClock()


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database."""
    return database


def journal_of(db: Database, clock: Clock = SYSTEM, bus: Bus | None = None) -> Journal:
    """Return the journal of one more process."""
    return Journal(db, clock=clock, ids=Ids(clock), bus=bus)


def round_of(db: Database, clock: Clock = SYSTEM, **pace: Any) -> Round:
    """Return what a feeder does while it leads."""
    return Round(db, clock=clock, pace=Pace(**pace))


async def everything(reader: FeedReader, limit: int = 500) -> list[FeedEntry]:
    """Read the feed from its beginning to its end."""
    entries: list[FeedEntry] = []
    while found := await reader.after(len(entries), limit=limit):
        entries.extend(found)
    return entries


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Return once something is so; a test's time-out ends what never is."""
    while True:
        if await happened():
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("seed", "remembered"), [(0, 2), (1, 2), (2, 99), (3, 99)])
async def test_all_that_was_appended_is_fed_once_and_in_order(
    db: Database, seed: int, remembered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a look reaches or remembers, and whoever goes on after whom."""
    monkeypatch.setattr(feed_round, "REMEMBERED", remembered)
    rng = random.Random(seed)  # noqa: S311 # a history from a number
    journals = [journal_of(db) for _ in range(3)]
    ids = set(await history(journals, SYSTEM, rng, 25))
    for turn in range(2):
        while await round_of(db, batch=turn + 1).run():  # each a feeder of its own
            continue
        ids |= {f"y/{turn}:1.0"}
        await append(journals[turn], SYSTEM, f"y/{turn}", 1)
    last = round_of(db)
    while await last.run():
        continue

    reader = FeedReader(db)
    entries = await everything(reader, limit=7)
    assert faults_in(entries, ids) == []
    assert await reader.head() == len(entries) == last.position
    assert [one.payload() for one in entries[:1]] == [
        RunSuperseded(by_run=entries[0].id, head_sha="a" * 40)
    ]


async def test_a_commit_longer_than_a_page_is_fed_whole(db: Database) -> None:
    """Also when the feeder dies between its pages."""
    journal = journal_of(db)
    await append(journal, SYSTEM, "x/1", 1, events=2 * MOST_ENTRIES + 3)
    await append(journal, SYSTEM, "x/1", 2)

    class Dies(FeedPages):
        @override
        async def insert(self, page: Page) -> bool:
            if page.entries[0].position > 1:
                raise StoreUnavailableError(reason="killed")
            return await super().insert(page)

    dying = round_of(db)
    dying._pages = Dies(db)
    with pytest.raises(StoreUnavailableError):
        await dying.run()
    assert await FeedReader(db).head() == MOST_ENTRIES
    while await round_of(db).run():
        continue

    entries = await everything(FeedReader(db), limit=150)
    ids = {f"x/1:1.{n}" for n in range(2 * MOST_ENTRIES + 3)} | {"x/1:2.0"}
    assert faults_in(entries, ids) == []


async def test_a_zombie_feeder_can_neither_repeat_nor_skip(db: Database) -> None:
    """It finds its page taken, and must look where the feed ends."""
    journal = journal_of(db)
    zombie, feeder = round_of(db), round_of(db)
    await append(journal, SYSTEM, "x/1", 1)
    await zombie.reload(0)
    await feeder.run()
    await append(journal, SYSTEM, "x/1", 2)

    with pytest.raises(FeedOvertakenError):
        await zombie.run()
    assert await zombie.run() == 1
    await append(journal, SYSTEM, "x/1", 3)
    with pytest.raises(FeedOvertakenError):
        await feeder.run()
    assert await feeder.run() == 1
    assert (
        faults_in(await everything(FeedReader(db)), {f"x/1:{n}.0" for n in (1, 2, 3)})
        == []
    )


async def test_a_commit_whose_predecessor_is_lost_is_fed_all_the_same(
    db: Database,
) -> None:
    """One bad document must not hold back everything that its writer does later."""
    journal = journal_of(db)
    await append(journal, SYSTEM, "x/1", 3)
    await append(journal, SYSTEM, "x/2", 1)
    with capture_logs() as logs:
        assert await round_of(db).run() == 2

    assert [one["event"] for one in logs] == ["feeder.predecessor_missing"]


async def test_a_closed_writer_leaves_the_cursors(db: Database) -> None:
    """Once its end is fed, nobody looks at its log again; its streams go on."""
    first, second = journal_of(db), journal_of(db)
    name = (await append(first, SYSTEM, "x/1", 1)).writer
    await first.close()
    feeding = round_of(db)
    assert await feeding.run() == 2
    assert await Writers(db, clock=SYSTEM).live() == ()
    await append(second, SYSTEM, "x/1", 2)
    assert await round_of(db).run() == 1

    head = await FeedPages(db).head()
    assert head.cursors == {second.writer: 1}
    entries = await everything(FeedReader(db))
    assert [one.id for one in entries] == ["x/1:1.0", f"writer/{name}:1.0", "x/1:2.0"]
    assert entries[1].payload() == WriterRetired(writer=name, reason="closed")


async def test_a_feeder_that_died_before_retiring_is_made_good(db: Database) -> None:
    """The next one sees that the log's last entry is its end."""
    journal = journal_of(db)
    name = (await append(journal, SYSTEM, "x/1", 1)).writer
    await journal.close()
    await round_of(db).run()
    await db.db["writers"].update_one({"_id": name}, {"$set": {"live": True}})

    assert await round_of(db).run() == 0
    assert await Writers(db, clock=SYSTEM).live() == ()


async def test_a_silent_writers_log_is_ended_and_nothing_of_it_is_lost(
    db: Database, clock: FakeClock
) -> None:
    """A killed process is polled no more; one that only slept takes a new name."""
    sleeper, killed = journal_of(db, clock), journal_of(db, clock)
    await append(killed, clock, "x/1", 1)
    await append(sleeper, clock, "x/2", 1)
    registered = "w_registered_and_killed"
    await Writers(db, clock=clock).register(registered)
    before = {killed.writer, sleeper.writer, registered}
    feeding = round_of(db, clock, silence=60)
    await feeding.run()
    clock.jump(59)
    assert await feeding.run() == 0
    assert {one.name for one in await Writers(db, clock=clock).live()} == before
    clock.jump(1)
    assert await feeding.run() == 0
    assert await feeding.run() == 3
    assert await Writers(db, clock=clock).live() == ()

    late = await append(sleeper, clock, "x/2", 2)
    assert late.writer not in before
    assert await round_of(db, clock).run() == 1
    ids = {f"writer/{name}:1.0" for name in before}
    ids |= {"x/1:1.0", "x/2:1.0", "x/2:2.0"}
    assert faults_in(await everything(FeedReader(db)), ids) == []


async def test_a_writer_is_silent_by_its_last_entry_not_by_the_feeders_start(
    db: Database, clock: FakeClock
) -> None:
    """Feeders that come and go would never end a log otherwise."""
    await append(journal_of(db, clock), clock, "x/1", 1)
    await round_of(db, clock).run()
    clock.jump(61)

    assert await round_of(db, clock, silence=60).run() == 0
    assert await round_of(db, clock, silence=60).run() == 1


async def test_a_writer_that_appends_while_it_is_ended_goes_on(
    db: Database, clock: FakeClock
) -> None:
    """The number can be taken once: here the writer was first."""
    journal = journal_of(db, clock)
    await append(journal, clock, "x/1", 1)
    feeding = round_of(db, clock, silence=60)
    await feeding.run()
    clock.jump(61)
    (writer,) = await Writers(db, clock=clock).live()
    await append(journal, clock, "x/1", 2)
    await feeding._check_silent(writer, 1)

    assert await feeding.run() == 1
    assert await feeding.run() == 0
    assert journal.writer == writer.name


def pages_of(lengths: Sequence[int]) -> list[Page]:
    """Return pages of these lengths, one after the other."""
    found, position = [], 0
    for length in lengths:
        entries = tuple(
            FeedEntry(
                position=position + n,
                id=f"x/1:{position + n}.0",
                type="run.superseded",
                time=NOON,
                stream="x/1",
                data={},
            )
            for n in range(1, length + 1)
        )
        position += length
        found.append(Page(entries=entries, head=Head(position=position)))
    return found


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lengths=st.lists(st.sampled_from([1, 1, 1, 3, 40, MOST_ENTRIES]), max_size=25),
    data=st.data(),
)
async def test_any_reach_of_the_feed_can_be_read(
    db: Database, lengths: list[int], data: st.DataObject
) -> None:
    """From any position, as far as asked; the end is found from any hint or none."""
    await db.db[COLLECTION].delete_many({})
    pages = FeedPages(db)
    ends = [0]
    for page in pages_of(lengths):
        assert await pages.insert(page)
        ends.append(page.head.position)
    reader, end = FeedReader(db), ends[-1]

    assert await reader.head() == end
    for hint in (0, end, end + 7, data.draw(st.sampled_from(ends))):
        assert (await pages.head(hint)).position == end
    for _ in range(5):
        position = data.draw(st.integers(0, end + 1))
        limit = data.draw(st.integers(1, 500))
        found = await reader.after(position, limit=limit)
        wanted = range(position + 1, min(end, position + limit) + 1)
        assert [one.position for one in found] == list(wanted)


async def test_the_database_refuses_a_page_that_is_wrong(db: Database) -> None:
    """A page with a gap, too long, or that follows nothing cannot be stored."""
    first, second = pages_of([3, MOST_ENTRIES])
    pages = FeedPages(db)
    assert await pages.insert(first)
    assert not await pages.insert(first)
    good = second.document()
    entries = good["entries"]
    for wrong in (
        {"entries": entries[1:]},
        {"entries": [*entries[:-1], entries[0]]},
        {"_id": 3},
        {"to": good["to"] + 1},
        {"entries": [], "to": 3},
        {"extra": 1},
        {"part": {"writer": "w_1"}},
        {"entries": "none"},
    ):
        with pytest.raises(WriteError):
            await db.db[COLLECTION].insert_one(good | wrong)
    (long,) = pages_of([MOST_ENTRIES + 1])
    with pytest.raises(WriteError):
        await db.db[COLLECTION].insert_one(long.document() | {"_id": 1})


QUICK = Pace(lease=0.6, renew=0.2)


async def test_a_feeder_wakes_for_each_append_and_wakes_its_readers(
    db: Database,
) -> None:
    """Journal, feeder and reader of one process, until all are told to stop."""
    bus = Bus()
    journal = journal_of(db, bus=bus)
    feeder = Feeder(db, holder="one", clock=SYSTEM, bus=bus)
    running = asyncio.create_task(feeder.run())
    reader = FeedReader(db)
    entries: list[FeedEntry] = []
    for seq in range(1, 6):
        seen = bus.paged.rings
        await append(journal, SYSTEM, "x/1", seq)
        while not (found := await reader.after(len(entries))):
            await bus.paged.wait(seen, seconds=5, clock=SYSTEM)
            seen = bus.paged.rings
        entries.extend(found)
    feeder.stop()
    await running

    assert [one.id for one in entries] == [f"x/1:{seq}.0" for seq in range(1, 6)]
    note = await Roles(db, clock=SYSTEM).note(ROLE)
    assert note == {"head": 5}
    following = Feeder(db, holder="two", clock=SYSTEM, bus=Bus())
    await append(journal, SYSTEM, "x/1", 6)
    taking = asyncio.create_task(following.run())

    async def fed() -> bool:
        return await reader.head() == 6

    await until(fed)  # the role was free at once: the lease would last longer
    following.stop()
    await taking


async def test_a_dead_feeder_is_followed_within_ten_seconds(
    db: Database, clock: FakeClock
) -> None:
    """The next one asks again and again, and takes the role when its lease ends."""
    assert await Roles(db, clock=clock).take(ROLE, "dead", Pace().lease)
    began = clock.monotonic()
    feeder = Feeder(db, holder="next", clock=clock, bus=Bus())
    with capture_logs() as logs:
        running = asyncio.create_task(feeder.run())
        while not any(one["event"] == "feeder.leading" for one in logs):
            await asyncio.wait(
                {asyncio.create_task(clock.sleeping()), running},
                return_when=asyncio.FIRST_COMPLETED,
            )
            await clock.advance(0.25)
            await asyncio.sleep(0.005)
    waited = clock.monotonic() - began
    feeder.stop()
    await running

    assert Pace().lease <= waited < 10


async def test_a_feeder_that_lost_its_role_stops_and_waits_for_it(
    db: Database,
) -> None:
    """A renewal that finds another fence ends the leading."""
    feeder = Feeder(db, holder="one", clock=SYSTEM, bus=Bus(), pace=QUICK)
    with capture_logs() as logs:
        running = asyncio.create_task(feeder.run())

        async def leading() -> bool:
            return "feeder.leading" in [one["event"] for one in logs]

        await until(leading)
        later = datetime.now(UTC) + timedelta(seconds=1)  # noqa: TID251 # as another host
        await db.db["roles"].update_one(
            {"_id": ROLE}, {"$set": {"fence": 9, "until": later}}
        )

        async def again() -> bool:
            return [one["event"] for one in logs].count("feeder.leading") == 2

        await until(again)
    feeder.stop()
    await running
    events = [one["event"] for one in logs]
    assert events == ["feeder.leading", "feeder.followed", "feeder.leading"]
    assert logs[-1]["fence"] == 10


async def test_two_feeders_that_both_think_they_lead_still_make_one_feed(
    db: Database,
) -> None:
    """As after a wrong clock: the pages decide, and each looks again."""
    bus = Bus()
    journal = journal_of(db, bus=bus)
    feeders = [
        Feeder(db, holder=name, clock=SYSTEM, bus=bus, pace=QUICK) for name in "ab"
    ]
    running = [asyncio.create_task(feeder.run()) for feeder in feeders]
    tasks = [asyncio.create_task(feeders[1].feed_once()) for _ in range(1)]
    ids = set()
    for seq in range(1, 31):
        await append(journal, SYSTEM, "x/1", seq)
        ids.add(f"x/1:{seq}.0")
        rival = round_of(db)
        try:
            await rival.run()
        except FeedOvertakenError:
            continue
    reader = FeedReader(db)

    async def fed() -> bool:
        return await reader.head() == len(ids)

    await until(fed)
    for feeder in feeders:
        feeder.stop()
    await asyncio.gather(*running, *tasks, return_exceptions=True)
    assert faults_in(await everything(reader), ids) == []


class Flaky(Round):
    """A round that fails in each way once before it works."""

    troubles = 0

    @override
    async def run(self) -> int:
        self.troubles += 1
        if self.troubles == 1:
            raise StoreUnavailableError(reason="away")
        if self.troubles == 2:
            raise FeedOvertakenError(position=0)
        if self.troubles == 3:
            raise RuntimeError
        return await super().run()


async def test_a_feeder_survives_whatever_happens_to_it(db: Database) -> None:
    """Runs go on without the feed, and the feed goes on when it can."""
    bus = Bus()
    journal = journal_of(db, bus=bus)
    feeder = Feeder(db, holder="one", clock=SYSTEM, bus=bus, pace=QUICK)
    feeder._round = Flaky(db, clock=SYSTEM, pace=QUICK)
    await append(journal, SYSTEM, "x/1", 1)
    with capture_logs() as logs:
        running = asyncio.create_task(feeder.run())

        async def fed() -> bool:
            return await FeedReader(db).head() == 1

        await until(fed)
        feeder.stop()
        await running
    assert [one["event"] for one in logs] == [
        *("feeder.leading", "feeder.waiting", "feeder.overtaken", "feeder.failed")
    ]


class Away(Roles):
    """Roles of a database that does not answer at first, nor at the end."""

    asked = 0

    @override
    async def take(self, role: str, holder: str, seconds: float) -> Any:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailableError(reason="away")
        return await super().take(role, holder, seconds)

    @override
    async def release(self, lease: Any, note: Any = None) -> None:
        raise StoreUnavailableError(reason="away")


async def test_a_feeder_waits_for_a_database_that_is_away(db: Database) -> None:
    """At its start and at its end, without failing the process."""
    feeder = Feeder(db, holder="one", clock=SYSTEM, bus=Bus(), pace=QUICK)
    feeder._roles = Away(db, clock=SYSTEM)
    with capture_logs() as logs:
        running = asyncio.create_task(feeder.run())

        async def leading() -> bool:
            return "feeder.leading" in [one["event"] for one in logs]

        await until(leading)
        feeder.stop()
        await running
    assert [one["event"] for one in logs] == [
        *("feeder.waiting", "feeder.leading", "feeder.left")
    ]


async def test_feeding_by_hand_says_how_much(db: Database) -> None:
    """As a command or a test does it, with nobody else feeding."""
    journal = journal_of(db)
    feeder = Feeder(db, holder="one", clock=SYSTEM, bus=Bus())
    assert await feeder.feed_once() == 0
    for seq in (1, 2):
        await append(journal, SYSTEM, "x/1", seq, events=3)

    assert await feeder.feed_once() == 6
    assert await FeedReader(db).after(6) == ()
