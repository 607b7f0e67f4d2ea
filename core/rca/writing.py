"""Writes an archive in one pass, with what is known last standing first in it.

Members are compressed to a spool as they come. A tar header needs its member's size,
which is known only then, so archive and spool are two files: gzip allows streams in a
row, and a large member's are copied behind a header that was made afterwards. Small
members wait uncompressed and share a stream with their neighbours.

Nothing in it depends on when and where it is written: the same members in the same
pieces are the same bytes.
"""

import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Protocol

from core.rca.members import Member

# Level 1 packs logs to an eighth at over 100 MB/s; level 6 to a tenth at a third of it.
LEVEL = 1
# So zlib writes gzip's header, without time and name.
GZIP = 31
PIECE = 1024 * 1024
# A member up to this size waits for its neighbours.
SMALL = 64 * 1024
COPIED = 1024 * 1024
MINE = 0o600


class Hash(Protocol):
    """What hashlib's algorithms are."""

    def update(self, data: bytes, /) -> None:
        """Take bytes in."""
        ...

    def hexdigest(self) -> str:
        """Return the digest so far."""
        ...


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes of a spool file."""

    at: int
    long: int


@dataclass(slots=True)
class _Body:
    """Where a finished member lies: whole in the one spool, or packed in the other."""

    member: Member
    whole: Extent | None = None
    packed: list[Extent] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The archive, finished."""

    path: Path
    size: int
    sha256: str


class _Spool:
    """A file of our own that grows; threads may add to it."""

    def __init__(self, path: Path) -> None:
        self._file = _private(path)
        self._end = 0
        self._lock = Lock()

    def add(self, data: bytes) -> Extent:
        with self._lock:
            at = self._end
            self._file.write(data)
            self._end += len(data)
        return Extent(at, len(data))

    def read(self, extent: Extent) -> Iterator[bytes]:
        self._file.seek(extent.at)
        left = extent.long
        while left:
            data = self._file.read(min(left, COPIED))
            left -= len(data)
            yield data

    def close(self) -> None:
        # What a full disk does not take any more is thrown away with the folder.
        with suppress(OSError):
            self._file.close()


class Archive:
    """A `tar.gz` that is being written in a folder of its own.

    Its methods do work for a thread; of one member only one may be under way.
    """

    def __init__(self, folder: Path, *, as_of: datetime) -> None:
        self._folder = folder
        self._time = int(as_of.timestamp())
        self._packed = _Spool(folder / "packed")
        self._whole = _Spool(folder / "whole")
        self._bodies: dict[str, _Body] = {}

    @property
    def members(self) -> tuple[Member, ...]:
        """Return the members that are finished, by name."""
        return tuple(self._bodies[name].member for name in sorted(self._bodies))

    def begin(self, name: str, collector: str) -> "Writing":
        """Begin a member; it counts once it is closed."""
        return Writing(self, name, collector)

    def add(self, name: str, collector: str, data: bytes) -> Member:
        """Write a member whose bytes are at hand."""
        writing = self.begin(name, collector)
        writing.write(data)
        return writing.close()

    def pack(self, data: bytes) -> Extent:
        """Compress bytes once, for one member or several; see `Writing.share`."""
        return self._packed.add(zlib.compress(data, LEVEL, GZIP))

    def keep(self, body: _Body, whole: bytes | None) -> Member:
        """Take in what a member came to."""
        if whole is not None:
            body.whole = self._whole.add(whole)
        self._bodies[body.member.name] = body
        return body.member

    def finish(self, head: Iterable[str]) -> Finished:
        """Put the archive together: those of the head first, the others sorted."""
        first = list(head)
        rest = (name for name in sorted(self._bodies) if name not in first)
        with _private(self._folder / "archive") as file:
            gzipped = _Gzipped(file)
            for name in (*first, *rest):
                self._copy(self._bodies[name], gzipped)
            # Two empty blocks end an archive; tar itself fills its last record.
            gzipped.write(bytes(2 * tarfile.BLOCKSIZE))
            gzipped.pad(tarfile.RECORDSIZE)
            gzipped.end()
        return Finished(
            path=self._folder / "archive",
            size=gzipped.size,
            sha256=gzipped.hash.hexdigest(),
        )

    def close(self) -> None:
        """Close the spool; whoever made the folder removes it."""
        self._packed.close()
        self._whole.close()

    def _copy(self, body: _Body, gzipped: "_Gzipped") -> None:
        gzipped.write(self._header(body.member))
        if body.whole is not None:
            for data in self._whole.read(body.whole):
                gzipped.write(data)
        else:
            gzipped.end()
            for extent in body.packed:
                for data in self._packed.read(extent):
                    gzipped.copy(data)
            gzipped.plain += body.member.size
        gzipped.pad(tarfile.BLOCKSIZE)

    def _header(self, member: Member) -> bytes:
        info = tarfile.TarInfo(member.name)
        info.size, info.mtime, info.mode = member.size, self._time, 0o644
        return info.tobuf(tarfile.PAX_FORMAT)


class Writing:
    """A member that is being written, in pieces of 1 MiB however it comes."""

    def __init__(self, archive: Archive, name: str, collector: str) -> None:
        self.name = name
        self._archive = archive
        self._collector = collector
        self._hash: Hash = sha256()
        self._size = 0
        self._waiting = bytearray()
        self._packed: list[Extent] = []

    def write(self, data: bytes) -> None:
        """Take bytes in."""
        self._count(data)
        self._waiting += data
        while len(self._waiting) >= PIECE:
            self._pack(bytes(self._waiting[:PIECE]))
            del self._waiting[:PIECE]

    def share(self, data: bytes, packed: Extent) -> None:
        """Take bytes in that are packed already, as another member has them too."""
        self._flush()
        self._count(data)
        self._packed.append(packed)

    def close(self) -> Member:
        """End the member as far as it has come."""
        member = Member(
            name=self.name,
            size=self._size,
            sha256=self._hash.hexdigest(),
            collector=self._collector,
        )
        is_small = not self._packed and len(self._waiting) <= SMALL
        if is_small:
            return self._archive.keep(_Body(member), bytes(self._waiting))
        self._flush()
        return self._archive.keep(_Body(member, packed=self._packed), None)

    def _count(self, data: bytes) -> None:
        self._hash.update(data)
        self._size += len(data)

    def _flush(self) -> None:
        if self._waiting:
            self._pack(bytes(self._waiting))
            self._waiting.clear()

    def _pack(self, data: bytes) -> None:
        self._packed.append(self._archive.pack(data))


class _Gzipped:
    """The archive's bytes as they go out; `plain` counts what they unpack to."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stream = zlib.compressobj(LEVEL, wbits=GZIP)
        self._is_begun = False
        self.hash: Hash = sha256()
        self.size = self.plain = 0

    def write(self, data: bytes) -> None:
        """Compress bytes into the stream that is under way."""
        self._is_begun = True
        self.plain += len(data)
        self.copy(self._stream.compress(data))

    def pad(self, block: int) -> None:
        """Fill up to a whole number of blocks."""
        if missing := -self.plain % block:
            self.write(bytes(missing))

    def copy(self, data: bytes) -> None:
        """Take over bytes that are compressed already."""
        self._file.write(data)
        self.hash.update(data)
        self.size += len(data)

    def end(self) -> None:
        """End the stream; the next bytes begin another."""
        if self._is_begun:
            self.copy(self._stream.flush())
            self._stream = zlib.compressobj(LEVEL, wbits=GZIP)
            self._is_begun = False


def _private(path: Path) -> BinaryIO:
    """Make a file that nobody else can open."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(path, flags, MINE), "w+b")
