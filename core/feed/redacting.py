"""Takes texts out of the feed: it tells of an event what the journal has by now."""

from collections.abc import AsyncIterator, Iterable

from core.clock import Clock
from core.events.base import JSON
from core.events.bus import Bus
from core.events.writers import Writers
from core.feed.cuts import Cuts
from core.feed.indexer import Indexer
from core.feed.page import FeedEntry
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.feed.store import FeedPages
from core.feed.stretch import block_of
from core.feed.writer_logs import WriterLogs
from core.redaction.places import Order, Reached
from core.store.database import Database

AT_ONCE = 500


class FeedCopies:
    """The place `feed`: pages of all events about the repository, and their index.

    An entry gets the data that the journal has for its event, so the two stay the same.
    Until the journal was cut, or while the feeder has still to come to what was, there
    is something left. Index blocks are made anew around all that bears the mark, also
    for one who died before he had. Processes that hold copies are told; see cuts.py.
    """

    name = "feed"

    def __init__(self, database: Database, *, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._pages = FeedPages(database)
        self._reader = FeedReader(database)
        self._replay = Replay(database)
        self._logs = WriterLogs(database)
        self._writers = Writers(database, clock=clock)
        self._cuts = Cuts(database, clock=clock)
        self._indexer = Indexer(database, holder="redaction", clock=clock, bus=Bus())

    async def redact(self, order: Order) -> Reached:
        """Cut the needles out of every page; raises StoreUnavailableError."""
        unfed = await self._unfed(order)
        changed = uncut = 0
        marked: set[int] = set()
        async for entry in self._entries(order):
            if order.needles.are_in_json(entry.data):
                data = await self._in_journal(entry)
                if data is None or data == entry.data:
                    uncut += data is not None and order.needles.are_in_json(data)
                    continue
                changed += await self._pages.put_data(entry, data)
                marked.add(block_of(entry.position).first)
            elif _bears(order.needles.mark, entry.data):
                marked.add(block_of(entry.position).first)
        for position in sorted(marked):
            await self._indexer.rebuild(position)
        if marked:
            await self._cuts.add()
            self._bus.cut.ring()
        return Reached(changed=changed, left=_left(unfed, uncut))

    async def _entries(self, order: Order) -> AsyncIterator[FeedEntry]:
        """Yield what the feed has about the repository, and of the session."""
        wanted = EventFilter(repository=order.repository)
        if order.repository is None:
            wanted = EventFilter(types=("memory.*",))
        position: int | None = None
        while True:
            page = await self._replay.page(wanted, after=position, limit=AT_ONCE)
            for entry in page.entries:
                if _is_about(entry, order):
                    yield entry
            if page.next is None:
                return
            position = page.next

    async def _in_journal(self, entry: FeedEntry) -> JSON | None:
        commit = await self._logs.of_stream(entry.stream, entry.seq)
        index = int(entry.id.rpartition(".")[2])
        if commit is None or index >= len(commit.events):
            return None
        data: JSON = commit.events[index]["data"]
        return data

    async def _unfed(self, order: Order) -> int:
        """Return how many commits the feeder has still to tell, with what was cut.

        It may have them in memory as they were.
        """
        head = await self._reader.end()
        count = 0
        for writer in await self._writers.live():
            cursor = head.cursors.get(writer.name, 0)
            while found := await self._logs.after(writer.name, cursor, limit=AT_ONCE):
                cursor = found[-1].wseq
                count += sum(_concerns(one.events, order) for one in found)
        return count


def _is_about(entry: FeedEntry, order: Order) -> bool:
    if entry.stream == f"session/{order.session_id}":
        return True
    return order.repository is not None and order.pull in (
        None,
        # Of a delivery that is about none, the text alone can say so.
        entry.about.pull if entry.about.pull is not None else order.pull,
    )


def _concerns(events: Iterable[JSON], order: Order) -> bool:
    return any(
        order.needles.are_in_json(one["data"])
        or _bears(order.needles.mark, one["data"])
        for one in events
    )


def _bears(mark: str, value: object) -> bool:
    match value:
        case str():
            return mark in value
        case dict():
            return any(mark in name or _bears(mark, one) for name, one in value.items())
        case list() | tuple():
            return any(_bears(mark, one) for one in value)
        case _:
            return False


def _left(unfed: int, uncut: int) -> str:
    parts = []
    if unfed:
        parts.append(f"the feed has still to tell {unfed} commits")
    if uncut:
        parts.append(f"the journal still says it in {uncut} events")
    return "; ".join(parts)
