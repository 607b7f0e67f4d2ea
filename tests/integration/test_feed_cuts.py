"""What processes keep of the feed is dropped once something was cut out of it."""

from dataclasses import dataclass

import pytest

from core.clock import Ids
from core.events.base import Payload
from core.events.bus import Bus
from core.events.commit import GENESIS, Draft
from core.events.journal import Journal
from core.events.redacting import JournalRedaction
from core.events.schema import MergeResolved, RunRequested
from core.feed import stretch
from core.feed.cuts import Cuts, Forgetting
from core.feed.feeder import Feeder
from core.feed.index_store import FeedIndex
from core.feed.indexer import Indexer
from core.feed.just_fed import JustFed
from core.feed.query import ALL
from core.feed.reader import FeedReader
from core.feed.redacting import FeedCopies
from core.feed.replay import Replay
from core.live.tail import Tail
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.signing import FakeSigner, order

SECRET = "the horse is called Rosinante"
STREAM = "pull/octo/hello#1"
ORDER = order(SECRET)


@dataclass(kw_only=True)
class Process:
    """A process with a journal, a feeder and what it keeps in memory."""

    database: Database
    clock: FakeClock
    bus: Bus
    fed: JustFed
    journal: Journal

    def feeder(self) -> Feeder:
        """Return its feeder."""
        return Feeder(
            self.database,
            holder="f",
            clock=self.clock,
            bus=self.bus,
            just_fed=self.fed,
        )

    def indexer(self) -> Indexer:
        """Return its indexer."""
        return Indexer(
            self.database,
            holder="i",
            clock=self.clock,
            bus=self.bus,
            just_fed=self.fed,
        )

    def forgetting(self) -> Forgetting:
        """Return what lets it forget."""
        return Forgetting(
            self.database, bus=self.bus, clock=self.clock, caches=(self.fed.forget,)
        )

    async def append(self, *events: Payload, stream: str = STREAM) -> None:
        """Append a commit after the last one."""
        commits = await self.journal.read(stream)
        await self.journal.append(
            Draft(
                stream=stream,
                seq=len(commits) + 1,
                time=self.clock.now(),
                events=events,
                prev_hash=commits[-1].stored_hash if commits else GENESIS,
            )
        )

    async def cut_in_journal(self) -> int:
        """Redact the journal alone."""
        redaction = JournalRedaction(
            self.database, signer=FakeSigner(), clock=self.clock
        )
        return await redaction.cut(await redaction.stream(STREAM), ORDER)

    def copies(self) -> FeedCopies:
        """Return who redacts the feed, in this process."""
        return FeedCopies(self.database, bus=self.bus, clock=self.clock)


def requested(text: str) -> RunRequested:
    """Return what asks for a run for this reason."""
    return RunRequested(run_id="run_1", head_sha="a" * 40, request_id="r", reason=text)


@pytest.fixture
async def process(database: Database, clock: FakeClock) -> Process:
    """Give a process over a migrated database."""
    bus = Bus()
    journal = Journal(database, clock=clock, ids=Ids(clock), bus=bus)
    return Process(
        database=database, clock=clock, bus=bus, fed=JustFed(), journal=journal
    )


async def test_what_was_not_yet_fed_is_waited_for(process: Process) -> None:
    """A feeder may have it in memory as it was; then its page is cut as well."""
    await process.append(requested(SECRET))
    assert await process.cut_in_journal() == 1
    assert "has still to tell" in (await process.copies().redact(ORDER)).left
    await process.feeder().feed_once()
    (entry,) = await FeedReader(process.database).after(0)
    assert entry.data["reason"] == SECRET
    reached = await process.copies().redact(ORDER)
    assert (reached.changed, reached.left) == (1, "")
    (entry,) = await FeedReader(process.database).after(0)
    assert entry.data["reason"] == ORDER.needles.mark
    assert (await process.copies().redact(ORDER)).changed == 0


async def test_until_the_journal_was_cut_there_is_something_left(
    process: Process,
) -> None:
    """The feed never tells another story than the journal."""
    await process.append(requested(SECRET))
    await process.feeder().feed_once()
    reached = await process.copies().redact(ORDER)
    assert (reached.changed, "journal" in reached.left) == (0, True)


async def test_another_process_forgets_when_it_looks(process: Process) -> None:
    """The counter tells it, and its own readers hear of it."""
    await process.append(requested(SECRET))
    await process.feeder().feed_once()
    other = process.forgetting()
    await other.look()
    rings = process.bus.cut.rings
    await Cuts(process.database, clock=process.clock).add()
    assert process.fed.between(1, 1)
    assert process.bus.newest.after(process.journal.writer, 0, limit=9)
    await other.look()
    assert process.fed.between(1, 1) is None
    assert not process.bus.newest.after(process.journal.writer, 0, limit=9)
    assert process.bus.cut.rings == rings + 1
    await other.look()
    assert process.bus.cut.rings == rings + 1


async def test_who_listens_again_reads_the_cut_one(process: Process) -> None:
    """A client that comes back to an old position is told what stands there now."""
    await process.append(requested(SECRET))
    await process.feeder().feed_once()
    database, bus = process.database, process.bus
    tail = Tail(FeedReader(database), Replay(database), bus=bus, clock=process.clock)
    async with tail.listening():
        before = await tail.read(0, ALL)
        assert before is not None
        assert SECRET.encode() in before.data
        await process.cut_in_journal()
        await process.copies().redact(ORDER)
        after = await tail.read(0, ALL)
    assert after is not None
    assert SECRET.encode() not in after.data
    assert ORDER.needles.mark.encode() in after.data


async def test_no_block_is_made_of_what_was_cut(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of the pages that the feeder's process remembers either."""
    monkeypatch.setattr(stretch, "LENGTH", 2)
    indexer = process.indexer()
    await process.append(requested(SECRET))
    await process.feeder().feed_once()
    await indexer.index_once()
    await process.cut_in_journal()
    await process.copies().redact(ORDER)
    clean = (await FeedReader(process.database).after(0))[0]
    await process.append(MergeResolved(resolutions={}, actor="a"), stream="merge/m")
    await process.feeder().feed_once()
    assert await indexer.index_once() == 1
    made = await FeedIndex(process.database).at(1)
    assert made is not None
    assert clean.data["reason"] == ORDER.needles.mark
    assert not await indexer.rebuild(3)
    await indexer.rebuild(1)
    assert made == await FeedIndex(process.database).at(1)
