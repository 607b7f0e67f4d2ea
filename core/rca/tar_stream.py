"""Reads a tar stream member by member, and takes nothing but plain files from it.

Python's own reader follows links, sparse maps and headers of any length, since other
archives need them. A bundle has none of that, so its first sign is the end of reading.
"""

import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.rca.gzip_stream import PIECE, ArchiveLimits, Inflated, Place

BLOCK = 512
# Two blocks end an archive; writers fill up to a whole record.
ENDING = 2 * BLOCK
MOST_PADDING = tarfile.RECORDSIZE + ENDING
ZEROS = bytes(BLOCK)
NAME = re.compile(r"[A-Za-z0-9._+@=,:-]+(?:/[A-Za-z0-9._+@=,:-]+)*", re.ASCII)
DRIVE = re.compile(r"[A-Za-z]:")
KINDS: Mapping[bytes, str] = {
    tarfile.LNKTYPE: "it is a hard link",
    tarfile.SYMTYPE: "it is a symbolic link",
    tarfile.CHRTYPE: "it is a device",
    tarfile.BLKTYPE: "it is a device",
    tarfile.DIRTYPE: "it is a folder",
    tarfile.FIFOTYPE: "it is a named pipe",
    tarfile.CONTTYPE: "it is a file of an ancient kind",
    tarfile.GNUTYPE_LONGNAME: "its name is in a header of its own",
    tarfile.GNUTYPE_LONGLINK: "its link is in a header of its own",
    tarfile.GNUTYPE_SPARSE: "it is a sparse file",
    tarfile.XHDTYPE: "it is a header of free length (pax)",
    tarfile.XGLTYPE: "it is a header of free length (pax)",
    tarfile.SOLARIS_XHDTYPE: "it is a header of free length (pax)",
}


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a plain file."""

    name: str
    size: int


class TarStream:
    """The members of a tar stream in order; each is read to its end before the next."""

    def __init__(self, source: Inflated, place: Place, limits: ArchiveLimits) -> None:
        self._source = source
        self._place = place
        self._limits = limits
        self._names: set[str] = set()

    def heads(self) -> Iterator[Head]:
        """Yield each member's header; the caller reads `content` in between.

        Raises BundleRefusedError at the first that is no plain file of a plain name.
        """
        while True:
            block = self._source.read(BLOCK)
            if block == ZEROS:
                self._finish()
                return
            head = self._head(block)
            if len(self._names) > self._limits.members:
                most = f"{self._limits.members:,}"
                raise self._place.refused(f"the file has more than {most} members")
            yield head
            last = self._place.member
            self._place.member = f"what follows {last.removeprefix('what follows ')}"

    def content(self, head: Head) -> Iterator[bytes]:
        """Yield a member's bytes, and go past what fills up its last block."""
        left = head.size
        while left:
            piece = self._source.read(min(left, PIECE))
            if not piece:
                raise self._place.refused("the file is cut off here")
            left -= len(piece)
            yield piece
        filling = self._source.read(-head.size % BLOCK)
        if len(filling) < -head.size % BLOCK:
            raise self._place.refused("the file is cut off here")
        if any(filling):
            raise self._place.refused("something is hidden behind its end")

    def _head(self, block: bytes) -> Head:
        if len(block) < BLOCK:
            raise self._place.refused("the file is cut off here")
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.TarError, ValueError):
            raise self._place.refused("it is no header of a tar archive") from None
        self._place.member = info.name or "a member without a name"
        # An old way to say folder is a name that ends so; frombuf takes it off.
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            kind = KINDS.get(info.type, "it is of an unknown kind")
            raise self._place.refused(f"{kind}, and bundles have plain files alone")
        if info.linkname:
            raise self._place.refused("it names a link")
        reason = wrong_name(info.name)
        if reason is not None:
            raise self._place.refused(reason)
        if info.name in self._names:
            raise self._place.refused("it is there twice")
        if not 0 <= info.size <= self._limits.member:
            most = f"{self._limits.member:,} bytes"
            raise self._place.refused(f"its size is not within {most}")
        self._names.add(info.name)
        return Head(info.name, info.size)

    def _finish(self) -> None:
        """Demand that nothing but zeros follows, and not too many."""
        self._place.member = "its end"
        ending = self._source.read(MOST_PADDING)
        if len(ending) < BLOCK:
            raise self._place.refused("the file is cut off here")
        if any(ending):
            raise self._place.refused("something stands behind the archive's end")
        if self._source.read(1):
            raise self._place.refused("the file goes on behind the archive's end")


def wrong_name(name: str) -> str | None:
    """Return why a member may not have this name; None when it may."""
    parts = name.split("/")
    if name.startswith("/"):
        return "its path is absolute"
    if DRIVE.match(name):
        return "its path names a drive"
    if "\\" in name:
        return "there is a backslash in its path"
    if ".." in parts:
        return "its path leads out of the bundle"
    if "." in parts or not NAME.fullmatch(name):
        return "its name has characters that bundles do not use"
    return None
