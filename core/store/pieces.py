"""How a value lies in the database: whole and packed, or as a list of its parts.

Large values are cut where their content says so (FastCDC), not at fixed offsets: a
change moves the cuts beside it alone, so two values that are nearly the same share
nearly all of their parts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import zstandard
from bson import Binary
from pyfastcdc import FastCDC

from core.errors import BlobCorruptError
from core.store.database import Document
from core.store.digests import Digest, digest_of

CUT_ABOVE = 64 * 1024
PARTS = 64
SMALLEST_AVERAGE = 8 * 1024
LARGEST_AVERAGE = 256 * 1024
LEVEL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One document to be stored: the bytes themselves, or the digests of their parts.

    `refs` are other blobs that the bytes name; whoever keeps this one keeps those.
    """

    digest: Digest
    size: int
    data: bytes = b""
    parts: tuple[Digest, ...] = ()
    refs: frozenset[str] = frozenset()

    def document(self, now: datetime) -> Document:
        """Return the MongoDB document, packed."""
        fields: Document = {
            "_id": self.digest,
            "size": self.size,
            "refs": sorted(self.refs),
            "stored_at": now,
            "touched_at": now,
        }
        if self.parts:
            return {**fields, "codec": "parts", "packed": 0, "parts": list(self.parts)}
        packed = zstandard.ZstdCompressor(level=LEVEL).compress(self.data)
        data = {"packed": len(packed), "data": Binary(packed)}
        return {**fields, "codec": "zstd", **data}


def pieces_of(
    data: bytes, digest: Digest, refs: Iterable[str]
) -> tuple[tuple[Piece, ...], Piece]:
    """Return the parts of `data`, each once, and the piece that stands for all of it.

    What is at most 64 KiB, or cannot be cut, has no parts.
    """
    named = frozenset(refs)
    parts = tuple(
        Piece(digest=digest_of(part), size=len(part), data=part) for part in cut(data)
    )
    if len(parts) < 2:  # noqa: PLR2004 # a single part would be the value itself
        return (), Piece(digest=digest, size=len(data), data=data, refs=named)
    listed = tuple(part.digest for part in parts)
    whole = Piece(digest=digest, size=len(data), parts=listed, refs=named)
    return tuple({part.digest: part for part in parts}.values()), whole


def cut(data: bytes) -> list[bytes]:
    """Return `data` in parts that its content decides on.

    There are about 64 of them, in sizes that are the same for values of nearly the same
    size: on average a power of two between 8 and 256 KiB, at most twice that.
    """
    if len(data) <= CUT_ABOVE:
        return [data]
    average = average_part(len(data))
    cutter = FastCDC(average, min_size=average // 4, max_size=average * 2)
    view = memoryview(data)
    return [
        bytes(view[chunk.offset : chunk.offset + chunk.length])
        for chunk in cutter.cut_buf(data)
    ]


def average_part(size: int) -> int:
    """Return the power of two that is nearest to a 64th of `size`, within bounds."""
    wanted = size / PARTS
    average = SMALLEST_AVERAGE
    while average < LARGEST_AVERAGE and wanted >= average * 1.5:
        average *= 2
    return average


def unpacked(found: Document) -> bytes:
    """Return a document's own bytes; raises BlobCorruptError when they are others.

    The size that stands beside them bounds the memory that a damaged blob can take.
    """
    digest, packed = found["_id"], bytes(found["data"])
    try:
        if zstandard.frame_content_size(packed) != found["size"]:
            raise BlobCorruptError(digest=digest, reason="its size is another")
        data = zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise BlobCorruptError(digest=digest, reason=str(error)) from error
    return verified(digest, data)


def verified(digest: Digest, data: bytes) -> bytes:
    """Return `data` when it is what `digest` names; raises BlobCorruptError."""
    if digest_of(data) != digest:
        raise BlobCorruptError(digest=digest, reason="its bytes have another SHA-256")
    return data
