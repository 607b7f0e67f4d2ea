"""Large values, kept once under the SHA-256 of their bytes."""

import asyncio
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any, NewType, TypeVar

import rfc8785
import zstandard
from bson import Binary, ObjectId
from gridfs.errors import GridFSError

from core.errors import BlobCorruptError, BlobNotFoundError, BlobNotJsonError
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec

T = TypeVar("T")
Digest = NewType("Digest", str)

COLLECTION = "blobs"
LARGEST_INLINE = 8 * 1024 * 1024
THREAD_ABOVE = 256 * 1024
LEVEL = 3

BLOBS = (
    CollectionSpec(
        name=COLLECTION,
        validator={
            "$jsonSchema": {
                "bsonType": "object",
                "required": ["_id", "size", "codec"],
                "properties": {
                    "_id": {"bsonType": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
                    "size": {"bsonType": ["int", "long"], "minimum": 0},
                    "codec": {"enum": ["zstd"]},
                    "data": {"bsonType": "binData"},
                    "file": {"bsonType": "objectId"},
                },
                "additionalProperties": False,
                "oneOf": [{"required": ["data"]}, {"required": ["file"]}],
            }
        },
    ),
)


def digest_of(data: bytes) -> Digest:
    """Return the name of `data`: `sha256:` and 64 hexadecimal digits."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


def canonical(value: Any) -> bytes:
    """Return the one JSON text of `value` that everybody hashes (RFC 8785).

    Raises BlobNotJsonError for what has none: NaN, whole numbers past 2^53, and types
    that JSON does not know.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise BlobNotJsonError(reason=str(error) or type(error).__name__) from error


class Blobs:
    """Bytes by digest: compressed, stored once, verified whenever they are read.

    What is larger than 8 MiB when compressed goes to GridFS. Every method raises
    StoreUnavailableError when the database is away.
    """

    def __init__(self, database: Database) -> None:
        self._blobs = database.db[COLLECTION]
        self._files = database.bucket(COLLECTION)

    async def put(self, data: bytes) -> Digest:
        """Store `data` durably unless it is there already, and return its digest."""
        digest, packed = await _beside(len(data), lambda: _pack(data))
        with translating():
            if await self._blobs.find_one({"_id": digest}, {"_id": 1}):
                return digest
            await self._store(digest, len(data), packed)
        return digest

    async def get(self, digest: Digest) -> bytes:
        """Return the bytes; raises BlobNotFoundError, BlobCorruptError."""
        with translating():
            found = await self._blobs.find_one({"_id": digest})
            if found is None:
                raise BlobNotFoundError(digest=digest)
            packed = await self._packed(found)
        size = int(found["size"])
        return await _beside(size, lambda: _unpack(packed, digest, size))

    async def put_json(self, value: Any) -> Digest:
        """Store the canonical JSON of `value`; raises BlobNotJsonError."""
        return await self.put(canonical(value))

    async def get_json(self, digest: Digest) -> Any:
        """Return the value that was stored; raises as `get` does."""
        data = await self.get(digest)
        try:
            return json.loads(data)
        except ValueError as error:
            raise BlobCorruptError(digest=digest, reason="it is not JSON") from error

    async def _store(self, digest: Digest, size: int, packed: bytes) -> None:
        document: Document = {"_id": digest, "size": size, "codec": "zstd"}
        if len(packed) <= LARGEST_INLINE:
            await self._insert({**document, "data": Binary(packed)})
            return
        # The file has an id of its own, so that half an upload is in nobody's way.
        file = ObjectId()
        await self._files.upload_from_stream_with_id(file, digest, io.BytesIO(packed))
        if not await self._insert({**document, "file": file}):
            await self._files.delete(file)

    async def _insert(self, document: Document) -> bool:
        try:
            await self._blobs.insert_one(document)
        except DuplicateKeyError:  # the same bytes, stored by another at this moment
            return False
        return True

    async def _packed(self, found: Document) -> bytes:
        if "data" in found:
            return bytes(found["data"])
        sink = io.BytesIO()
        try:
            await self._files.download_to_stream(found["file"], sink)
        except GridFSError as error:
            reason = "its file is missing or cut short"
            raise BlobCorruptError(digest=found["_id"], reason=reason) from error
        return sink.getvalue()


async def _beside(size: int, work: Callable[[], T]) -> T:
    """Do `work` beside the event loop when `size` bytes are enough to be felt."""
    return await asyncio.to_thread(work) if size > THREAD_ABOVE else work()


def _pack(data: bytes) -> tuple[Digest, bytes]:
    return digest_of(data), zstandard.ZstdCompressor(level=LEVEL).compress(data)


def _unpack(packed: bytes, digest: Digest, size: int) -> bytes:
    """Unpack and compare; `size` bounds the memory that a damaged blob can take."""
    try:
        if zstandard.frame_content_size(packed) != size:
            raise BlobCorruptError(digest=digest, reason="its size is another")
        data = zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise BlobCorruptError(digest=digest, reason=str(error)) from error
    if digest_of(data) != digest:
        raise BlobCorruptError(digest=digest, reason="its bytes have another SHA-256")
    return data
