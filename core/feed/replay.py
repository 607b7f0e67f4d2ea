"""Pages of the events that a filter wants, from any position, in both directions."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from core.errors import CursorTrimmedError, FeedDamagedError
from core.feed.index import Sieve
from core.feed.index_store import FeedIndex
from core.feed.page import FeedEntry
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.stretch import Stretch, around, block_of
from core.feed.writer_logs import WriterLogs
from core.store.database import Database

# Blocks of the index that are read at a time, at first and at most.
FIRST_REACH = 2
FURTHEST_REACH = 64
# So many events and blocks are looked at in one call: it ends within a second or so.
MOST_LOOKS = 10_000
# In fewer positions it is not worth it to search for where to begin.
NEAR = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events in the order asked for, and how to go on.

    `next` is the position to go on from in the same direction: a number exactly when
    another event is wanted beyond this page. Only when `partial`, the call ended before
    that was known: `next` is how far it looked, and there may be nothing more.
    Everything up to `head` existed when the page was read: who has come to the end
    can go on after `head` later. `oldest` is the oldest position that is kept.
    """

    entries: tuple[FeedEntry, ...]
    next: int | None
    head: int
    oldest: int
    partial: bool = False


@dataclass(slots=True, kw_only=True)
class Finding:
    """What one call has found so far, and how far it has looked."""

    wanted: EventFilter
    limit: int
    found: list[FeedEntry] = field(default_factory=list)
    looks: int = 0
    reached: int | None = None
    cut_off: bool = False
    last_id: str | None = None
    told: bool = False

    @property
    def enough(self) -> bool:
        """Return whether there is one more than the page holds."""
        return len(self.found) > self.limit

    def is_over(self) -> bool:
        """Return whether to stop here: it is enough, all, or it takes too long."""
        if self.enough or self.told:
            return True
        self.cut_off = self.looks >= MOST_LOOKS
        return self.cut_off

    def add(self, piece: Stretch, entries: tuple[FeedEntry, ...]) -> None:
        """Take what is wanted of a piece's entries."""
        self.looks += len(entries)
        self.reached = piece.end
        for entry in reversed(entries) if piece.backwards else entries:
            if self.wanted.matches(entry):
                self.found.append(entry)
            if entry.id == self.last_id and not piece.backwards:
                self.told = True

    def pass_over(self, piece: Stretch) -> None:
        """Note that nothing in a piece is wanted."""
        self.looks += 1
        self.reached = piece.end

    def page(self, *, head: int, oldest: int) -> EventPage:
        """Return the page that this amounts to."""
        kept = tuple(self.found[: self.limit])
        partial = self.cut_off and not self.enough
        following = kept[-1].position if self.enough else None
        return EventPage(
            entries=kept,
            next=self.reached if partial else following,
            head=head,
            oldest=oldest,
            partial=partial,
        )


class Replay:
    """Reads the feed by bounded lookups, however long it is.

    Every method raises StoreUnavailableError.
    """

    def __init__(self, database: Database) -> None:
        self._feed = FeedReader(database)
        self._index = FeedIndex(database)
        self._logs = WriterLogs(database)

    async def page(
        self,
        wanted: EventFilter,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> EventPage:
        """Return up to `limit` wanted events that lie between two positions.

        Both are left out themselves; `after` 0 or None is the oldest that is kept,
        `before` None the end. Raises CursorTrimmedError when what follows another
        `after` is no longer all kept, FeedDamagedError when pages are missing.
        """
        known = None
        while True:
            oldest, head = await self._feed.oldest(), await self._feed.head()
            if oldest == known:  # pages are missing, and were not trimmed
                raise FeedDamagedError(position=after or oldest - 1)
            known = oldest
            stretch = Stretch(
                first=(after or oldest - 1) + 1,
                last=head if before is None else min(head, before - 1),
                backwards=newest_first,
            )
            if stretch.first < oldest:
                raise CursorTrimmedError(position=after or 0, oldest=oldest)
            finding = Finding(wanted=wanted, limit=limit)
            if await self._look(stretch, oldest, finding):
                return finding.page(head=head, oldest=oldest)

    async def _look(self, stretch: Stretch, oldest: int, finding: Finding) -> bool:
        """Look at a stretch until it is enough; False when it was trimmed meanwhile."""
        if finding.wanted.wants_everything:
            return await self._read(stretch.begin(finding.limit + 1), finding)
        pieces = (await self._begun(stretch, oldest, finding)).cut()
        sieve, reach = Sieve(finding.wanted), FIRST_REACH
        while ahead := list(islice(pieces, reach)):
            blocks = await self._index.overlapping(around(ahead))
            for piece in ahead:
                if finding.is_over():
                    return True
                block = blocks.get(block_of(piece.first).first)
                if block is not None and not sieve.lets_through(block):
                    finding.pass_over(piece)
                elif not await self._read(piece, finding):
                    return False
            reach = min(2 * reach, FURTHEST_REACH)
        return True

    async def _read(self, piece: Stretch, finding: Finding) -> bool:
        entries: tuple[FeedEntry, ...] = ()
        if piece.length:
            entries = await self._feed.between(piece.first, piece.last)
        if len(entries) < piece.length:
            return False
        finding.add(piece, entries)
        return True

    async def _begun(self, stretch: Stretch, oldest: int, finding: Finding) -> Stretch:
        """Return the stretch without its beginning, as far as that is too early."""
        if stretch.length <= NEAR:
            return stretch
        moment = await self._not_before(finding)
        if moment is None:
            return stretch
        first = await self._index.first(oldest)
        if stretch.first < first:  # what is not indexed has to be looked through
            return stretch
        begin = await self._index.reaching(moment, first, stretch.last)
        return replace(stretch, first=max(stretch.first, begin))

    async def _not_before(self, finding: Finding) -> datetime | None:
        """Return a time such that the first wanted event has it or a later one.

        Of a run it is noted which event is its last. The head was asked for before, so
        what is appended later stands behind that.
        """
        wanted = finding.wanted
        times = [] if wanted.since is None else [wanted.since]
        if wanted.run_id is not None:
            story = await self._logs.story(f"run/{wanted.run_id}")
            times += [story[0].time] if story else []
            finding.last_id = story[-1].last_id if story else None
        return max(times, default=None)
