"""Inflates a gzip file a piece at a time, and stops at what no honest file does."""

import hashlib
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import BundleFileError, BundleRefusedError

PIECE = 64 * 1024
MAGIC = b"\x1f\x8b"
# Deflate, no flags, no time: what follows may say how hard it was packed, and where.
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
HEADER_SIZE = 10
WITH_GZIP_HEADER = 31
# So much may be unpacked before its ratio to what was read counts.
RATIO_COUNTS_FROM = 64 * 1024 * 1024
LONGEST_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How large an honest bundle gets: bytes, members, and how tightly it is packed.

    `kept` are the bytes that are held in memory at once, `listed` those of the two
    members that list all others.
    """

    unpacked: int = 16 * 1024**3
    member: int = 8 * 1024**3 - 1
    members: int = 100_000
    ratio: int = 500
    kept: int = 256 * 1024**2
    listed: int = 32 * 1024**2


@dataclass(slots=True)
class Place:
    """Where in a file the reader is, for what it has to say when it stops."""

    path: str
    member: str = "its beginning"

    def refused(self, reason: str) -> BundleRefusedError:
        """Return the error that names the member at hand."""
        member = self.member
        if len(member) > LONGEST_SHOWN:
            member = f"{member[:LONGEST_SHOWN]}…"
        return BundleRefusedError(path=self.path, member=member, reason=reason)

    def unreadable(self, error: OSError) -> BundleFileError:
        """Return the error for a file that the system does not give."""
        reason = error.strerror or "it cannot be read"
        return BundleFileError(path=self.path, reason=reason)


class Inflated:
    """What is in a gzip file, in order; its parts may be joined as gzip allows."""

    def __init__(self, file: BinaryIO, place: Place, limits: ArchiveLimits) -> None:
        self.sha256 = hashlib.sha256()
        self.packed = 0
        self.unpacked = 0
        self._file = file
        self._place = place
        self._limits = limits
        self._raw = b""
        self._ready = bytearray()
        self._inflater: zlib._Decompress | None = None
        self._made = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer only at the end; raises BundleRefusedError."""
        while len(self._ready) < size:
            piece = self._next()
            if not piece:
                break
            self._ready += piece
        given = bytes(self._ready[:size])
        del self._ready[:size]
        return given

    def _next(self) -> bytes:
        """Return some inflated bytes; none at the end of the last part."""
        while True:
            inflater = self._inflater or self._begin()
            if inflater is None:
                return b""
            piece = self._inflate(inflater)
            if inflater.eof:
                self._end(inflater)
            else:
                self._raw = inflater.unconsumed_tail
            if piece:
                return piece
            if not inflater.eof and not self._raw and not self._fill():
                raise self._place.refused("the file is cut off here")

    def _begin(self) -> "zlib._Decompress | None":
        while len(self._raw) < HEADER_SIZE and self._fill():
            pass
        if not self._raw:
            return None
        if not self._raw.startswith(HEADER) or len(self._raw) < HEADER_SIZE:
            raise self._place.refused(
                "what follows is not as nofx packs it: foreign or damaged gzip"
            )
        self._made = 0
        self._inflater = zlib.decompressobj(WITH_GZIP_HEADER)
        return self._inflater

    def _inflate(self, inflater: "zlib._Decompress") -> bytes:
        try:
            piece = inflater.decompress(self._raw, PIECE)
        except zlib.error:
            raise self._place.refused("its packed bytes are damaged") from None
        self._made += len(piece)
        self.unpacked += len(piece)
        if self.unpacked > self._limits.unpacked:
            most = f"{self._limits.unpacked:,} bytes"
            raise self._place.refused(f"the file unpacks to more than {most}")
        packed = self.packed * self._limits.ratio
        if self.unpacked > max(packed, RATIO_COUNTS_FROM):
            ratio = f"{self._limits.ratio} times its size"
            raise self._place.refused(f"the file unpacks to more than {ratio}")
        return piece

    def _end(self, inflater: "zlib._Decompress") -> None:
        if not self._made:
            raise self._place.refused("an empty gzip part stands here")
        self._raw = inflater.unused_data
        self._inflater = None

    def _fill(self) -> bool:
        """Read on in the file; return whether there was more."""
        try:
            data = self._file.read(PIECE)
        except OSError as error:
            raise self._place.unreadable(error) from None
        self.sha256.update(data)
        self.packed += len(data)
        self._raw += data
        return bool(data)
