"""Pages of the events that a filter wants, from any position, in both directions."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from core.errors import CursorTrimmedError
from core.events.feed import FeedEntry
from core.events.feed_reader import FeedReader
from core.events.query import EventFilter
from core.store.database import Database

# So many entries are read at a time: 30 ms of the embedded server's work.
REACH = 500
# So many are looked at in one call: it is answered within a second or so.
MOST_LOOKS = 10_000


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Positions from `first` to `last`, both included, and from which end to read."""

    first: int
    last: int
    backwards: bool

    @property
    def length(self) -> int:
        """Return how many positions it has."""
        return max(0, self.last - self.first + 1)

    def begin(self, length: int) -> "Stretch":
        """Return the part of it that is read first."""
        if self.backwards:
            return replace(self, first=max(self.first, self.last - length + 1))
        return replace(self, last=min(self.last, self.first + length - 1))

    def cut(self, length: int) -> Iterator["Stretch"]:
        """Yield it in pieces that end at multiples of `length`, in reading order."""
        first, last = self.first, self.last
        while first <= last:
            if self.backwards:
                begin = max(first, (last - 1) // length * length + 1)
                yield Stretch(first=begin, last=last, backwards=True)
                last = begin - 1
            else:
                end = min(last, (first - 1) // length * length + length)
                yield Stretch(first=first, last=end, backwards=False)
                first = end + 1


@dataclass(slots=True, kw_only=True)
class Finding:
    """What one call has found so far, and how far it has looked."""

    wanted: EventFilter
    limit: int
    found: list[FeedEntry] = field(default_factory=list)
    looks: int = 0
    reached: int | None = None
    cut_off: bool = False

    @property
    def enough(self) -> bool:
        """Return whether there is one more than the page holds."""
        return len(self.found) > self.limit

    def add(self, piece: Stretch, entries: tuple[FeedEntry, ...]) -> None:
        """Take what is wanted of a piece's entries."""
        self.looks += len(entries)
        for entry in reversed(entries) if piece.backwards else entries:
            if self.wanted.matches(entry):
                self.found.append(entry)
        self.reached = piece.first if piece.backwards else piece.last

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
        `after` is no longer all kept.
        """
        while True:
            oldest, head = await self._feed.oldest(), await self._feed.head()
            stretch = Stretch(
                first=(after or oldest - 1) + 1,
                last=head if before is None else min(head, before - 1),
                backwards=newest_first,
            )
            if stretch.first < oldest:
                raise CursorTrimmedError(position=after or 0, oldest=oldest)
            finding = Finding(wanted=wanted, limit=limit)
            if await self._look(stretch, finding):
                return finding.page(head=head, oldest=oldest)

    async def _look(self, stretch: Stretch, finding: Finding) -> bool:
        """Look at a stretch until it is enough; False when it was trimmed meanwhile."""
        for piece in self._pieces(stretch, finding):
            if finding.enough:
                return True
            if finding.looks >= MOST_LOOKS:
                finding.cut_off = True
                return True
            entries = await self._feed.between(piece.first, piece.last)
            if len(entries) < piece.length:
                return False
            finding.add(piece, entries)
        return True

    def _pieces(self, stretch: Stretch, finding: Finding) -> Iterator[Stretch]:
        """Yield what has to be looked at, piece by piece."""
        if finding.wanted.wants_everything:
            return iter([stretch.begin(finding.limit + 1)])
        return stretch.cut(REACH)
