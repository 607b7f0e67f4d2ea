"""What the feeder reads of the journal: each writer's log, by bounded lookups."""

from collections.abc import AsyncIterator

from core.feed.order import Logged, contiguous, logged
from core.store.database import Database, Document, translating

COLLECTION = "journal"
SHOWN = dict.fromkeys(("writer", "wseq", "stream", "seq", "time", "events"), 1)


class WriterLogs:
    """Reads logs; every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._journal = database.db[COLLECTION]

    async def after(self, writer: str, wseq: int, *, limit: int) -> tuple[Logged, ...]:
        """Return up to `limit` of a writer's commits that follow its number `wseq`."""
        bounds = {"$gt": wseq, "$lte": wseq + limit}
        key: Document = {"writer": writer, "wseq": bounds}
        with translating():
            # In one answer: it is at most `limit` commits.
            rows = self._journal.find(key, SHOWN, batch_size=limit + 1)
            found = await rows.to_list(None)
        return contiguous(map(logged, found), wseq)

    async def at(self, writer: str, wseq: int) -> Logged | None:
        """Return a writer's commit of this number."""
        return await self._one({"writer": writer, "wseq": wseq})

    async def of_stream(self, stream: str, seq: int) -> Logged | None:
        """Return a stream's commit of this sequence."""
        return await self._one({"_id": f"{stream}:{seq}"})

    async def story(self, stream: str) -> tuple[Logged, ...]:
        """Return all commits of a stream, oldest first."""
        with translating():
            found = await self._journal.find({"stream": stream}, SHOWN).to_list(None)
        return tuple(sorted(map(logged, found), key=lambda one: one.seq))

    async def firsts(self) -> AsyncIterator[Logged]:
        """Yield the first commit of every stream, in no order."""
        with translating():
            async for found in self._journal.find({"seq": 1}, SHOWN):
                yield logged(found)

    async def _one(self, key: Document) -> Logged | None:
        with translating():
            found = await self._journal.find_one(key, SHOWN)
        return logged(found) if found else None
