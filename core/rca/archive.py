"""Reads a file that claims to be a bundle, and believes nothing of it before its end.

Nothing is unpacked to disk. What is accepted has every member exactly as SHA256SUMS and
the manifest name it, and no other. Who made the file is not said by that: compare its
SHA-256 with the service's.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from core.errors import BundleFileError, BundleMemberError
from core.rca.built import FORMAT
from core.rca.gzip_stream import MAGIC, ArchiveLimits, Inflated, Place
from core.rca.manifest import MANIFEST, SUMS, Headed, Manifest
from core.rca.tar_stream import TarStream

LIMITS = ArchiveLimits()
SUM = re.compile(r"([0-9a-f]{64})  (\S+)")
LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member as it was read."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A bundle that holds: its members in order, and those that were asked for.

    `size` and `sha256` are the file's own.
    """

    path: Path
    size: int
    sha256: str
    unpacked: int
    manifest: Manifest
    members: Mapping[str, Member]
    kept: Mapping[str, bytes] = field(default_factory=dict)

    def content(self, name: str) -> bytes:
        """Return a member that was kept; raises BundleMemberError."""
        found = self.kept.get(name)
        if found is None:
            raise BundleMemberError(path=self.path, member=name)
        return found


def nothing(_: str) -> bool:
    """Keep no member."""
    return False


def read_bundle(
    path: Path,
    *,
    keep: Callable[[str], bool] = nothing,
    limits: ArchiveLimits = LIMITS,
) -> Archive:
    """Read a bundle to its end, check all of it, and hand over what `keep` wants.

    Raises BundleRefusedError with the member at fault, BundleFileError for what is no
    gzip file at all.
    """
    with _opened(path) as (file, place):
        source = Inflated(file, place, limits)
        tar = TarStream(source, place, limits)
        found: dict[str, Member] = {}
        kept: dict[str, bytes] = {}
        room = limits.kept
        for head in tar.heads():
            listing = head.name in (MANIFEST, SUMS)
            if listing and head.size > limits.listed:
                raise place.refused(f"it has more than {limits.listed:,} bytes")
            wanted = listing or keep(head.name)
            room -= head.size if wanted else 0
            if room < 0:
                most = f"{limits.kept:,} bytes"
                raise place.refused(f"what is to be read has more than {most}")
            content, digest = bytearray(), hashlib.sha256()
            for piece in tar.content(head):
                digest.update(piece)
                if wanted:
                    content += piece
            if wanted:
                kept[head.name] = bytes(content)
            if head.name == MANIFEST:
                _check_format(kept[MANIFEST], place)
            sha256 = digest.hexdigest()
            found[head.name] = Member(name=head.name, size=head.size, sha256=sha256)
        manifest = _checked(found, kept, place)
        return Archive(
            path=path,
            size=source.packed,
            sha256=source.sha256.hexdigest(),
            unpacked=source.unpacked,
            manifest=manifest,
            members=found,
            kept=kept,
        )


def copy_member(archive: Archive, name: str, write: Callable[[bytes], object]) -> None:
    """Write one member of a bundle that was read before, a piece at a time.

    Raises BundleMemberError, and BundleRefusedError when the file changed since.
    """
    wanted = archive.members.get(name)
    if wanted is None:
        raise BundleMemberError(path=archive.path, member=name)
    with _opened(archive.path) as (file, place):
        tar = TarStream(Inflated(file, place, LIMITS), place, LIMITS)
        for head in tar.heads():
            digest = hashlib.sha256()
            for piece in tar.content(head):
                digest.update(piece)
                if head.name == name:
                    write(piece)
            if head.name == name:
                if digest.hexdigest() != wanted.sha256:
                    raise place.refused("it changed while it was read")
                return
        raise place.refused(f"{name} is gone: the file changed while it was read")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, Place]]:
    place = Place(str(path))
    try:
        file = path.open("rb")
    except OSError as error:
        raise place.unreadable(error) from None
    except ValueError:
        raise BundleFileError(path=path, reason="no file has such a name") from None
    with file:
        try:
            start = file.read(len(MAGIC))
            file.seek(0)
        except OSError as error:
            raise place.unreadable(error) from None
        if start != MAGIC:
            reason = "it is empty" if not start else "it is no gzip file"
            raise BundleFileError(path=path, reason=reason)
        yield file, place


def _check_format(data: bytes, place: Place) -> None:
    try:
        told = Headed.model_validate_json(data).format
    except ValidationError:
        raise place.refused("it names no format") from None
    if told != FORMAT:
        shown = ascii(told[:LONGEST_SHOWN])
        raise place.refused(f"its format is {shown}, and this nofx reads {FORMAT}")


def _checked(
    found: Mapping[str, Member], kept: Mapping[str, bytes], place: Place
) -> Manifest:
    """Compare what is there with what is said to be there, twice."""
    for name in (MANIFEST, SUMS):
        place.member = name
        if name not in found:
            raise place.refused("it is missing")
    _compare(found, _sums(kept[SUMS], place), place, unnamed=(SUMS,))
    place.member = MANIFEST
    try:
        manifest = Manifest.model_validate_json(kept[MANIFEST])
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise place.refused(f"it cannot be read: {where}: {first['msg']}") from None
    listed: dict[str, str] = {}
    for one in manifest.members:
        if one.name in listed:
            raise place.refused("it names a member twice")
        listed[one.name] = one.sha256
        member = found.get(one.name)
        if member is not None and member.size != one.size:
            place.member = one.name
            raise place.refused("it is not as long as the manifest says")
    _compare(found, listed, place, unnamed=(MANIFEST, SUMS))
    return manifest


def _sums(data: bytes, place: Place) -> dict[str, str]:
    sums: dict[str, str] = {}
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise place.refused("it is no list of sums") from None
    if text and not text.endswith("\n"):
        raise place.refused("it is no list of sums: its last line is cut")
    for line in text.split("\n")[:-1]:
        match = SUM.fullmatch(line)
        if match is None or match[2] in sums:
            raise place.refused("it is no list of sums with each member once")
        sums[match[2]] = match[1]
    return sums


def _compare(
    found: Mapping[str, Member],
    sums: Mapping[str, str],
    place: Place,
    *,
    unnamed: tuple[str, ...],
) -> None:
    lister = place.member
    for name, wanted in sums.items():
        member = found.get(name)
        place.member = name
        if member is None or name in unnamed:
            raise place.refused(f"{lister} names it, and it is not there")
        if member.sha256 != wanted:
            raise place.refused(f"its content is not what {lister} says")
    for name in found:
        if name not in sums and name not in unnamed:
            place.member = name
            raise place.refused(f"{lister} does not name it")
