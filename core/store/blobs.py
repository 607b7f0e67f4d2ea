"""Large values, kept once under the SHA-256 of their bytes."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from core.clock import Clock, SystemClock
from core.errors import BlobCorruptError, BlobNotFoundError, BlobRedactedError
from core.store.database import (
    BulkWriteError,
    Database,
    Document,
    refusals,
    translating,
)
from core.store.digests import PATTERN, Digest, canonical, digest_of, digests_in
from core.store.pieces import CUT_ABOVE, Piece, pieces_of, unpacked, verified
from core.store.schema import CollectionSpec, IndexSpec

__all__ = ["BLOBS", "GRACE", "Blobs", "Digest", "canonical", "digest_of", "digests_in"]

T = TypeVar("T")

COLLECTION = "blobs"
GRACE = timedelta(hours=24)
# More than any lease: by then whoever trusted that it is there has named it.
SOON = timedelta(hours=2)
BATCH = 64
THREAD_ABOVE = 256 * 1024
# The codec of a blob that was redacted: a tombstone stands for it.
GONE = "gone"
FACTS = {"touched_at": 1, "refs": 1, GONE: 1}

BLOBS = (
    CollectionSpec(
        name=COLLECTION,
        validator={
            "$jsonSchema": {
                "bsonType": "object",
                "required": [
                    *("_id", "size", "codec", "packed"),
                    *("refs", "stored_at", "touched_at"),
                ],
                "properties": {
                    "_id": {"bsonType": "string", "pattern": PATTERN},
                    "size": {"bsonType": ["int", "long"], "minimum": 0},
                    "codec": {"enum": ["zstd", "parts", GONE]},
                    "packed": {"bsonType": ["int", "long"], "minimum": 0},
                    "data": {"bsonType": "binData"},
                    "parts": {
                        "bsonType": "array",
                        "minItems": 2,
                        "items": {"bsonType": "string", "pattern": PATTERN},
                    },
                    GONE: {
                        "bsonType": "object",
                        "required": ["at", "redaction", "key", "signature"],
                    },
                    "refs": {
                        "bsonType": "array",
                        "items": {"bsonType": "string", "pattern": PATTERN},
                    },
                    "stored_at": {"bsonType": "date"},
                    "touched_at": {"bsonType": "date"},
                },
                "additionalProperties": False,
                "oneOf": [{"required": [one]} for one in ("data", "parts", GONE)],
            }
        },
        indexes=(IndexSpec(keys=("touched_at",)),),
    ),
)


class Blobs:
    """Bytes by digest: compressed, stored once, verified whenever they are read.

    What is larger than 64 KiB is cut into parts that other values may share. What was
    redacted is neither read nor stored again: BlobRedactedError. What nothing names is
    swept away once nobody has touched it for `grace`: see garbage.py, which says how
    long a digest may stay unnamed. Every method raises StoreUnavailableError when the
    database is away.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock | None = None,
        grace: timedelta = GRACE,
    ) -> None:
        self._blobs = database.db[COLLECTION]
        self._clock = clock or SystemClock()
        self._grace, self._fresh = grace, grace / 4

    async def put(self, data: bytes, *, refs: Iterable[str] = ()) -> Digest:
        """Store `data` durably unless it is there already, and return its digest.

        `refs` are the blobs that the bytes name, which live as long as these do. Raises
        BlobRedactedError.
        """
        digest = await _beside(len(data), lambda: digest_of(data))
        named = frozenset(refs)
        with translating():
            if len(data) > CUT_ABOVE and await self._is_kept(digest, named):
                return digest
            parts, whole = await _beside(
                len(data), lambda: pieces_of(data, digest, named)
            )
            for batch in _batches(parts):
                await self._keep(batch)
            # Last, so that whoever finds it finds its parts as well.
            await self._keep([whole])
        return digest

    async def get(self, digest: Digest) -> bytes:
        """Return the bytes.

        Raises BlobNotFoundError, BlobRedactedError among it, BlobCorruptError.
        """
        with translating():
            found = await self._blobs.find_one({"_id": digest})
        if found is None:
            raise BlobNotFoundError(digest=digest)
        _refuse_gone(found)
        if "parts" not in found:
            return await _beside(found["size"], lambda: unpacked(found))
        parts = await self._parts(found)
        return await _beside(
            found["size"],
            lambda: verified(digest, b"".join(parts[one] for one in found["parts"])),
        )

    async def size(self, digest: Digest) -> int:
        """Return how many bytes there are, without reading them.

        Raises BlobNotFoundError, BlobRedactedError among it.
        """
        with translating():
            found = await self._blobs.find_one({"_id": digest}, {"size": 1, GONE: 1})
        if found is None:
            raise BlobNotFoundError(digest=digest)
        _refuse_gone(found)
        return int(found["size"])

    async def put_json(self, value: Any) -> Digest:
        """Store the canonical JSON of `value`; raises BlobNotJsonError.

        Every digest in it counts as a blob that it names.
        """
        return await self.put(canonical(value), refs=digests_in(value))

    async def get_json(self, digest: Digest) -> Any:
        """Return the value that was stored; raises as `get` does."""
        data = await self.get(digest)
        try:
            return json.loads(data)
        except ValueError as error:
            raise BlobCorruptError(digest=digest, reason="it is not JSON") from error

    async def let_go(self, digest: Digest) -> None:
        """Let a blob be swept away in two hours, not in a day, if nothing names it.

        So may its parts. Whoever stores it again meanwhile keeps it as any other.
        """
        then = self._clock.now() - self._grace + SOON
        with translating():
            found = await self._blobs.find_one({"_id": digest}, {"parts": 1})
            for batch in _batches([digest, *(found or {}).get("parts", ())]):
                # What was redacted keeps its tombstone for its days.
                key = {"_id": {"$in": list(batch)}, GONE: {"$exists": False}}
                await self._blobs.update_many(key, {"$min": {"touched_at": then}})

    async def _is_kept(self, digest: Digest, refs: frozenset[str]) -> bool:
        found = await self._blobs.find_one({"_id": digest}, FACTS)
        if found is not None:
            _refuse_gone(found)
        return found is not None and not self._is_stale(found, refs)

    def _is_stale(self, found: Document, refs: frozenset[str]) -> bool:
        untouched = self._clock.now() - found["touched_at"]
        return untouched > self._fresh or not refs.issubset(found["refs"])

    async def _keep(self, pieces: Sequence[Piece]) -> None:
        """Have each piece stored, and not long untouched."""
        waiting = {piece.digest: piece for piece in pieces}
        while waiting:
            key = {"_id": {"$in": list(waiting)}}
            cursor = self._blobs.find(key, FACTS)
            found = {one["_id"]: one async for one in cursor}
            for one in found.values():
                _refuse_gone(one)
            missing = [one for digest, one in waiting.items() if digest not in found]
            await self._insert(missing)
            stale = {
                digest: one
                for digest, one in waiting.items()
                if digest in found and self._is_stale(found[digest], one.refs)
            }
            # One that was swept away after we saw it is looked for again.
            waiting = {} if await self._touch(stale) else stale

    async def _touch(self, pieces: dict[Digest, Piece]) -> bool:
        if not pieces:
            return True
        refs = sorted(frozenset().union(*(one.refs for one in pieces.values())))
        change: Document = {"$set": {"touched_at": self._clock.now()}}
        if refs:
            change["$addToSet"] = {"refs": {"$each": refs}}
        done = await self._blobs.update_many({"_id": {"$in": list(pieces)}}, change)
        return done.matched_count == len(pieces)

    async def _insert(self, pieces: Sequence[Piece]) -> None:
        if not pieces:
            return
        now, size = self._clock.now(), sum(len(piece.data) for piece in pieces)
        documents = await _beside(
            size, lambda: [piece.document(now) for piece in pieces]
        )
        try:
            await self._blobs.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            # The same bytes may have been stored by another at this moment.
            if not all(refusal.duplicate for refusal in refusals(error)):
                raise

    async def _parts(self, found: Document) -> dict[str, bytes]:
        """Return the parts' bytes; raises BlobCorruptError for the whole."""
        parts: dict[str, bytes] = {}
        for batch in _batches(list(dict.fromkeys(found["parts"]))):
            with translating():
                cursor = self._blobs.find({"_id": {"$in": list(batch)}})
                documents = [one async for one in cursor]
            for one in documents:
                _refuse_gone(one, whole=found["_id"])
            try:
                parts |= await self._opened(documents, smaller_than=found["size"])
            except BlobCorruptError as error:
                reason = f"its part {error.facts['digest']}: {error.facts['reason']}"
                raise BlobCorruptError(digest=found["_id"], reason=reason) from error
            missing = [one for one in batch if one not in parts]
            if missing:
                reason = f"its part {missing[0]} is missing"
                raise BlobCorruptError(digest=found["_id"], reason=reason)
        if sum(len(parts[one]) for one in found["parts"]) != found["size"]:
            raise BlobCorruptError(digest=found["_id"], reason="its size is another")
        return parts

    async def _opened(
        self, documents: Sequence[Document], *, smaller_than: int
    ) -> dict[str, bytes]:
        """Unpack documents; what was first stored by itself may have parts of its own.

        A part is smaller than its whole, so going down comes to an end.
        """
        for one in documents:
            if one["size"] >= smaller_than:
                raise BlobCorruptError(digest=one["_id"], reason="its size is another")
        plain = [one for one in documents if "parts" not in one]
        size = sum(one["size"] for one in plain)
        opened = await _beside(
            size, lambda: {one["_id"]: unpacked(one) for one in plain}
        )
        for one in documents:
            if "parts" in one:
                opened[one["_id"]] = await self.get(one["_id"])
        return opened


def _refuse_gone(found: Document, *, whole: str | None = None) -> None:
    if GONE in found:
        tombstone = {**found[GONE], "digest": found["_id"]}
        raise BlobRedactedError(digest=whole or found["_id"], tombstone=tombstone)


async def _beside(size: int, work: Callable[[], T]) -> T:
    """Do `work` beside the event loop when `size` bytes are enough to be felt."""
    return await asyncio.to_thread(work) if size > THREAD_ABOVE else work()


def _batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Slice `items` so that one command stays far below what the server takes."""
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))
