"""Trims the feed from its old end: whole pages, of which every story is over.

The journal is never trimmed. What a page had can still be read there, stream by stream.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import TrimmingElsewhereError
from core.feed.floor import ROLE, Floor
from core.feed.index_store import FeedIndex
from core.feed.reader import FeedReader
from core.feed.store import FeedPages
from core.store.database import Database, Document
from core.store.roles import Lease, Roles

# So many positions are looked at between two moves of the floor.
REACH = 500
LEASE = 60.0
# After a reach it rests so many times as long as that took: others come first.
SHARE = 1
REMEMBERED = 10_000
# Whether a stream's story is over: nothing happens in it any more, or nobody has gone
# on with it since that time.
IsOver = Callable[[str, datetime], Awaitable[bool]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """How many events and pages went, what is now the oldest, and why that stays."""

    events: int
    pages: int
    oldest: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Pages that may go, the position after them, and why it is not more."""

    pages: int
    following: int
    reason: str | None


class Trimmer:
    """Moves the floor, then deletes what is below: a crash leaves rubbish, no hole.

    Readers begin at the floor, so what is below it is nobody's. Whoever trims next
    deletes what a dead one left. Every method raises StoreUnavailableError.
    """

    def __init__(
        self, database: Database, *, holder: str, clock: Clock, is_over: IsOver
    ) -> None:
        self._holder = holder
        self._clock = clock
        self._is_over = is_over
        self._roles = Roles(database, clock=clock)
        self._floor = Floor(database)
        self._feed = FeedReader(database)
        self._pages = FeedPages(database)
        self._index = FeedIndex(database)
        self._over: set[str] = set()

    async def trim(self, older_than: timedelta) -> Trimmed:
        """Delete the pages whose events are all older, and of streams that are over.

        Raises TrimmingElsewhereError.
        """
        lease = await self._roles.take(ROLE, self._holder, LEASE)
        if lease is None:
            raise TrimmingElsewhereError
        begun = floor = int(lease.note.get("oldest", 1))
        await self._delete(int(lease.note.get("cleaned", 1)), floor)
        pages, reason = 0, None
        while reason is None:
            began = self._clock.monotonic()
            reach = await self._reach(floor, older_than)
            reason = reach.reason
            if reach.pages:
                lease = await self._move(lease, floor, reach.following)
                pages, floor = pages + reach.pages, reach.following
                await self._clock.sleep(SHARE * (self._clock.monotonic() - began))
        await self._roles.release(lease)
        log.info("feed.trimmed", events=floor - begun, oldest=floor, stopped_by=reason)
        return Trimmed(events=floor - begun, pages=pages, oldest=floor, reason=reason)

    async def preview(self, older_than: timedelta) -> Trimmed:
        """Return what `trim` would do now."""
        begun = floor = await self._floor.oldest()
        pages, reason = 0, None
        while reason is None:
            reach = await self._reach(floor, older_than)
            pages, floor, reason = pages + reach.pages, reach.following, reach.reason
        return Trimmed(events=floor - begun, pages=pages, oldest=floor, reason=reason)

    async def _reach(self, first: int, older_than: timedelta) -> Reach:
        cutoff = self._clock.now() - older_than
        head = await self._feed.head()
        pages = await self._pages.holding(first, first + REACH - 1)
        following = first
        for count, page in enumerate(pages):
            reason = await self._why_kept(page, cutoff, head)
            if reason is not None:
                return Reach(pages=count, following=following, reason=reason)
            following = int(page["to"]) + 1
        reason = None if pages else "nothing is there yet"
        return Reach(pages=len(pages), following=following, reason=reason)

    async def _why_kept(
        self, page: Document, cutoff: datetime, head: int
    ) -> str | None:
        """Return why a page has to stay, None when it may go."""
        if page["to"] >= head:
            return "the feed's last page says how far it goes"
        youngest = max(entry["time"] for entry in page["entries"])
        if youngest >= cutoff:
            return f"it was decided at {youngest:%Y-%m-%d %H:%M} UTC"
        for stream in {entry["stream"]: None for entry in page["entries"]}:
            if not await self._knows_over(stream, cutoff):
                return f"{stream} is not over"
        return None

    async def _knows_over(self, stream: str, cutoff: datetime) -> bool:
        if stream in self._over:
            return True
        if not await self._is_over(stream, cutoff):
            return False
        if len(self._over) >= REMEMBERED:
            self._over.clear()
        self._over.add(stream)
        return True

    async def _move(self, lease: Lease, old: int, new: int) -> Lease:
        """Move the floor, then delete what is below; a later one has moved it on."""
        note = {"oldest": new, "cleaned": old}
        held = await self._roles.renew(lease, LEASE, note)
        if held is None:
            raise TrimmingElsewhereError
        await self._delete(old, new)
        return held

    async def _delete(self, since: int, before: int) -> None:
        """Delete what ends between two positions, of which all before is gone."""
        if since < before:
            await self._index.drop(before, since=since)
            await self._pages.drop(before, since=since)
