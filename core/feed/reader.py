"""Reads the feed from a position on; whoever keeps its position misses nothing."""

from dataclasses import replace

from core.events.writers import COLLECTION as WRITERS_COLLECTION
from core.feed.about import Abouts
from core.feed.floor import Floor
from core.feed.page import ROLE, FeedEntry, Head, entries_of, names_subjects
from core.feed.store import FeedPages
from core.feed.writer_logs import WriterLogs
from core.store.database import Database, Document, translating
from core.store.roles import COLLECTION as ROLES_COLLECTION


class FeedReader:
    """Answers what came after a position, by bounded lookups.

    Loop: read `after` the last position handled; when it is empty, wait for
    `bus.paged` or a second or two, and read again. A cursor is a position, and needs
    nothing kept for it here. Every method raises StoreUnavailableError.
    """

    def __init__(self, database: Database) -> None:
        self._pages = FeedPages(database)
        self._floor = Floor(database)
        self._roles = database.db[ROLES_COLLECTION]
        self._writers = database.db[WRITERS_COLLECTION]
        self._abouts = Abouts(WriterLogs(database))

    async def after(self, position: int, *, limit: int = 500) -> tuple[FeedEntry, ...]:
        """Return up to `limit` entries that follow `position`, oldest first.

        Position 0 is before all; an empty answer means that nothing has come yet.
        """
        return await self.between(position + 1, position + limit)

    async def between(self, first: int, last: int) -> tuple[FeedEntry, ...]:
        """Return the entries from one position to another, both included."""
        pages = await self._pages.holding(first, last)
        entries = [entry for page in pages for entry in await self._entries(page)]
        return tuple(entry for entry in entries if first <= entry.position <= last)

    async def reaches(self, position: int) -> bool:
        """Return whether the feed goes as far as this position."""
        return await self._pages.reaches(position)

    async def oldest(self) -> int:
        """Return the oldest position that is kept, 1 when nothing was trimmed."""
        return await self._floor.oldest()

    async def head(self) -> int:
        """Return the last position, 0 while the feed is empty."""
        return (await self.end()).position

    async def holding(self, writer: str, wseq: int) -> int | None:
        """Return a position by which a writer's commit is told, None before that."""
        head = await self.end()
        if writer in head.cursors:
            return head.position if wseq <= head.cursors[writer] else None
        with translating():
            found = await self._writers.find_one({"_id": writer})
        return None if found and found["live"] else head.position

    async def end(self) -> Head:
        """Return how far the feed goes, and how far into each writer's log."""
        with translating():
            role = await self._roles.find_one({"_id": ROLE})
        return await self._pages.head(role["note"].get("head", 0) if role else 0)

    async def _entries(self, page: Document) -> tuple[FeedEntry, ...]:
        entries = entries_of(page)
        if names_subjects(page):
            return entries
        return tuple(
            [
                replace(one, about=await self._abouts.of_stream(one.stream))
                for one in entries
            ]
        )
