"""Everything that lies in the database under a key of the ring, and moves with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from core.errors import MemoryWrapBrokenError
from core.memory.documents import key_document, key_from
from core.memory.envelope import context_of
from core.memory.keys import signing
from core.memory.keys.ring import KeyRing
from core.memory.model import Scope
from core.memory.schema import SESSIONS
from core.store.database import Database, Document, UpdateOne, translating

# So many are read and written by one command.
BATCH = 250
# So many are asked of a key service at once.
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Kind:
    """A collection with an index on `key.kek`.

    `context` gives what a document's key is bound to, from its `_id` and the `field`.
    """

    collection: str
    field: str
    context: Callable[[Document], bytes]


def _of_session(found: Document) -> bytes:
    return context_of(Scope(**found["scope"]).tenant, found["_id"])


def _of_signing_key(found: Document) -> bytes:
    return signing.context_of(found["_id"], bytes(found["public"]))


SESSION = Kind(SESSIONS, "scope", _of_session)
KINDS = (SESSION, Kind(signing.COLLECTION, "public", _of_signing_key))


class Wrapped:
    """Counts and moves what is under a key; each method raises StoreUnavailableError.

    Several processes may move at once, and die at it: each document is changed by
    itself, if its key is still the one that was read.
    """

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._db = database.db
        self._ring = ring

    async def under(self, key_id: str) -> dict[str, int]:
        """Return by collection how much is under a key; what has none is left out."""
        return {
            kind.collection: len(found)
            for kind in KINDS
            if (found := await self._ids(kind, key_id))
        }

    async def named(self, key_id: str) -> set[str]:
        """Return `collection/_id` of all that is under a key."""
        return {
            f"{kind.collection}/{found}"
            for kind in KINDS
            for found in await self._ids(kind, key_id)
        }

    async def _ids(self, kind: Kind, key_id: str) -> list[str]:
        found = self._db[kind.collection].find({"key.kek": key_id}, {"_id": 1})
        with translating():
            # Counting by the server would read every document of the collection.
            return [str(one["_id"]) for one in await found.to_list(None)]

    async def move(self, key_id: str, most: int | None, broken: set[str]) -> int:
        """Wrap with the active key what is under another; return how much was moved.

        What does not open is left, and its `collection/_id` goes into `broken`. Raises
        MemoryKeyError.
        """
        moved = 0
        for kind in KINDS:
            async for batch in self._batches(kind, key_id):
                some = batch if most is None else batch[: most - moved]
                moved += await self._move(kind, some, broken)
                if most is not None and moved >= most:
                    return moved
        return moved

    async def _batches(self, kind: Kind, key_id: str) -> AsyncIterator[list[Document]]:
        wanted, only = {"key.kek": key_id}, {"key": 1, kind.field: 1}
        found = self._db[kind.collection].find(wanted, only, batch_size=BATCH)
        while True:
            with translating():
                batch = await found.to_list(BATCH)
            if not batch:
                return
            yield batch

    async def _move(self, kind: Kind, batch: list[Document], broken: set[str]) -> int:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(found: Document) -> UpdateOne | None:
            async with turn:
                try:
                    return await self._write(kind, found)
                except MemoryWrapBrokenError:
                    broken.add(f"{kind.collection}/{found['_id']}")
                    return None

        made = await asyncio.gather(*(one(found) for found in batch))
        writes = [write for write in made if write is not None]
        if not writes:
            return 0
        with translating():
            done = await self._db[kind.collection].bulk_write(writes, ordered=False)
        return done.matched_count

    async def _write(self, kind: Kind, found: Document) -> UpdateOne:
        before = key_from(found["key"])
        after = await self._ring.rewrap(before, kind.context(found))
        seen = {"_id": found["_id"], "key.revision": before.revision}
        return UpdateOne(seen, {"$set": {"key": key_document(after)}})
