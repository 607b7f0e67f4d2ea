"""A bundle that is made to be too much is refused before it is."""

import tarfile
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BundleRefusedError
from core.rca.gzip_stream import ArchiveLimits
from tests.fakes.bundles import (
    SMALL,
    Entry,
    bundle,
    entry,
    read,
    refused,
    tarred,
    zipped,
)

HONEST = bundle(SMALL)
MIB = 1024 * 1024


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the path of a file that is not there yet."""
    return tmp_path / "rca.tar.gz"


def bomb(size: int) -> bytes:
    """Return so many zeros in one member, packed a thousand times smaller."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    info = tarfile.TarInfo("logs/merged.ndjson")
    info.size = size
    parts = [packer.compress(info.tobuf(tarfile.USTAR_FORMAT))]
    parts += [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join((*parts, packer.flush()))


def test_a_bomb_is_refused_before_it_has_gone_off(file: Path) -> None:
    """One of 100 MB ends at 64 MB, and a reader never holds more than pieces of it."""
    packed = bomb(100 * MIB)
    packed = packed[:8] + HONEST[8:10] + packed[10:]
    tracemalloc.start()

    member, reason = refused(file, packed)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert member == "logs/merged.ndjson"
    assert "times its size" in reason
    assert peak < 2 * MIB


def test_more_than_the_limits_is_refused(file: Path) -> None:
    """Bytes in all, members, what is listed, what is kept: each has its end."""
    large = bundle({**SMALL, "logs/large": bytes(MIB)})

    def at(**limits: int) -> str:
        return refused(file, large, limits=ArchiveLimits(**limits))[1]

    assert "unpacks to more than 500,000 bytes" in at(unpacked=500_000)
    assert "more than 3 members" in at(members=3)
    assert "within 1,000 bytes" in at(member=1000)
    assert "more than 100 bytes" in at(listed=100)
    limits = ArchiveLimits(kept=2000)
    with pytest.raises(BundleRefusedError, match=r"read has more than 2,000 bytes"):
        read(file, large, keep=lambda _: True, limits=limits)


def many(count: int) -> Iterator[Entry]:
    """Yield so many members of nothing."""
    return (entry(f"events/{number}") for number in range(count))


def test_a_crowd_of_members_is_refused(file: Path) -> None:
    """One more than the limit ends it, however small they are packed."""
    limits = ArchiveLimits(members=3000)
    _, reason = refused(file, zipped(tarred(many(3001)), 1), limits=limits)

    assert "more than 3,000 members" in reason
