"""However a bundle is cut or changed, no other member is ever believed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BundleFileError, BundleRefusedError, NofxError
from core.rca.archive import Archive
from tests.fakes.bundles import (
    SMALL,
    bundle,
    listed,
    ordered,
    read,
    sha256,
    tarred,
    zipped,
)

HONEST = bundle(SMALL)
INSIDE = tarred(ordered(listed(SMALL)))


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """However much is there, what is missing is missed."""
    file = tmp_path / "rca.tar.gz"
    for at in range(len(HONEST)):
        with pytest.raises((BundleRefusedError, BundleFileError)):
            read(file, HONEST[:at])


def everything(archive: Archive) -> dict[str, bytes]:
    """Return the members of an archive that was kept whole."""
    return dict(archive.kept)


@given(at=st.integers(0, len(HONEST) - 1), mask=st.integers(1, 255))
def test_a_flipped_byte_changes_no_member(
    tmp_path_factory: pytest.TempPathFactory, at: int, mask: int
) -> None:
    """It is refused, unless gzip itself does not read the bit: some last ones."""
    file = tmp_path_factory.mktemp("flipped") / "rca.tar.gz"
    flipped = bytearray(HONEST)
    flipped[at] ^= mask
    try:
        archive = read(file, bytes(flipped), keep=lambda _: True)
    except NofxError:
        return
    assert everything(archive) == listed(SMALL)
    assert archive.sha256 != sha256(HONEST)


@given(at=st.integers(0, len(INSIDE) - 1), mask=st.integers(1, 255))
def test_a_byte_flipped_inside_and_packed_again_changes_no_member(
    tmp_path_factory: pytest.TempPathFactory, at: int, mask: int
) -> None:
    """With sums of gzip that fit, there are still the sums of the members."""
    file = tmp_path_factory.mktemp("inside") / "rca.tar.gz"
    flipped = bytearray(INSIDE)
    flipped[at] ^= mask
    try:
        archive = read(file, zipped(bytes(flipped), 1), keep=lambda _: True)
    except NofxError:
        return
    assert everything(archive) == listed(SMALL)


@given(data=st.binary(max_size=3000))
def test_any_bytes_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Noise, packed noise, and noise behind a header that could be."""
    file = tmp_path_factory.mktemp("noise") / "rca.tar.gz"
    for made in (data, zipped(data), HONEST[:10] + data, zipped(INSIDE[:1024] + data)):
        with pytest.raises(NofxError):
            read(file, made)
