"""Erases blobs that hold what must go, and those of their parts that do."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.errors import BlobCorruptError, BlobNotFoundError, BlobRedactedError
from core.redaction.erased import tombstone
from core.redaction.needles import Needles
from core.redaction.places import Order
from core.redaction.signing import Signer
from core.store.blobs import COLLECTION, GONE, Blobs, Digest
from core.store.database import Database, Document, translating

BATCH = 64
PENDING = "parts"
LINKS = {"refs": 1, "parts": 1, GONE: 1}
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many blobs and parts are gone; `shared` parts others need, too, and stay.

    `damaged` are blobs that cannot be read, of which nobody can say what they hold.
    """

    blobs: int = 0
    shared: int = 0
    damaged: int = 0


class BlobRedaction:
    """Leaves a tombstone for each blob that holds a needle.

    A blob goes first, and its tombstone lists the parts that hold some of a needle,
    also across a border, until these have gone: so whoever comes after a crash goes on.
    A part that a blob outside of the order is made of stays, for it is that one's. What
    holds nothing of a needle is left to the garbage collection. Every method raises
    StoreUnavailableError.
    """

    def __init__(self, database: Database, *, signer: Signer, clock: Clock) -> None:
        self._collection = database.db[COLLECTION]
        self._blobs = Blobs(database, clock=clock)
        self._signer = signer
        self._clock = clock

    async def erase(self, digests: Iterable[str], order: Order) -> Erased:
        """Erase what holds a needle of these blobs, and of all that they lead to."""
        count = damaged = 0
        pending: dict[str, set[str]] = {}
        async for found in self._closure(digests):
            if GONE in found:
                pending[found["_id"]] = set(found[GONE].get(PENDING, ()))
                continue
            try:
                parts = await self._to_go(found, order.needles)
            except BlobCorruptError:
                damaged += 1
                continue
            if parts is not None:
                pending[found["_id"]] = parts
                count += await self._bury(found, parts, order)
        shared = await self._needed(set[str]().union(*pending.values()))
        for digest, parts in pending.items():
            count += await self._bury_parts(digest, parts - shared, order)
        return Erased(blobs=count, shared=len(shared), damaged=damaged)

    async def _closure(self, digests: Iterable[str]) -> AsyncIterator[Document]:
        """Yield the blobs of these names and all that those name, each once."""
        seen: set[str] = set()
        waiting = set(digests)
        while waiting:
            seen |= waiting
            links: set[str] = set()
            for batch in _batches(sorted(waiting)):
                for found in await self._documents(batch):
                    yield found
                    links |= set(found["refs"])
            waiting = links - seen

    async def _documents(self, digests: Sequence[str]) -> list[Document]:
        with translating():
            found = self._collection.find({"_id": {"$in": list(digests)}}, LINKS)
            return await found.to_list(None)

    async def _to_go(self, found: Document, needles: Needles) -> set[str] | None:
        """Return the parts that hold some of a needle; None when no needle is in it."""
        try:
            data = await self._blobs.get(Digest(found["_id"]))
        except BlobRedactedError:
            # Another went through it as a part of something, and was cut off.
            return set(found.get("parts", ()))
        except BlobNotFoundError:
            return None
        spans = await asyncio.to_thread(spans_in, data, needles)
        if not spans:
            return None
        return {
            part
            for part, begin, end in await self._laid_out(found)
            if any(first < end and begin < last for first, last in spans)
        }

    async def _laid_out(self, found: Document) -> list[tuple[str, int, int]]:
        """Return each part of a blob, and from where to where it stands in that."""
        parts: list[str] = found.get("parts", [])
        sizes: dict[str, int] = {}
        for batch in _batches(parts):
            with translating():
                rows = self._collection.find({"_id": {"$in": batch}}, {"size": 1})
                sizes |= {one["_id"]: int(one["size"]) async for one in rows}
        laid: list[tuple[str, int, int]] = []
        at = 0
        for part in parts:
            laid.append((part, at, at + sizes.get(part, 0)))
            at += sizes.get(part, 0)
        return laid

    async def _bury(self, found: Document, parts: set[str], order: Order) -> int:
        """Put a tombstone in a blob's place; returns 1, or 0 when it has one."""
        digest, now = found["_id"], self._clock.now()
        made: dict[str, Any] = tombstone(
            digest, redaction=order.redaction_id, at=now, signer=self._signer
        )
        if parts:
            made[PENDING] = sorted(parts)
        document = {
            "_id": digest,
            "size": 0,
            "codec": GONE,
            "packed": 0,
            # Whoever comes after a crash follows them.
            "refs": found["refs"],
            "stored_at": now,
            "touched_at": now,
            GONE: made,
        }
        key = {"_id": digest, GONE: {"$exists": False}}
        with translating():
            done = await self._collection.replace_one(key, document)
        return int(done.modified_count)

    async def _needed(self, parts: set[str]) -> set[str]:
        """Return which of these parts a blob is made of that is not gone."""
        needed: set[str] = set()
        if parts:
            with translating():
                rows = self._collection.find({"codec": "parts"}, {"parts": 1})
                async for one in rows:
                    if one["_id"] not in parts:
                        needed |= parts.intersection(one["parts"])
        return needed

    async def _bury_parts(self, owner: str, parts: set[str], order: Order) -> int:
        """Bury parts, then take them off the list of the one that they were of."""
        count = 0
        for found in await self._documents(sorted(parts)):
            # What was first stored by itself may have parts of its own.
            if GONE in found:
                own = set(found[GONE].get(PENDING, ()))
            else:
                own = set(found.get("parts", ()))
                count += await self._bury(found, own, order)
            if own:
                left = own - await self._needed(own)
                count += await self._bury_parts(found["_id"], left, order)
        change = {"$unset": {f"{GONE}.{PENDING}": ""}}
        with translating():
            await self._collection.update_one({"_id": owner}, change)
        return count


def spans_in(data: bytes, needles: Needles) -> list[tuple[int, int]]:
    """Return from which byte to which each needle stands in data that may be text."""
    text = data.decode("utf-8", "surrogateescape")
    return [
        (_length(text[:begin]), _length(text[:end]))
        for begin, end in needles.spans_in(text)
    ]


def _length(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _batches(items: Sequence[str]) -> Iterator[list[str]]:
    return (list(items[at : at + BATCH]) for at in range(0, len(items), BATCH))
