"""A file that claims to be a bundle is believed only when all of it holds."""

import gzip
import io
import json
import tarfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    BundleFileError,
    BundleMemberError,
    BundleRefusedError,
)
from core.rca.archive import copy_member, read_bundle
from core.rca.manifest import MANIFEST, SUMS
from tests.fakes.bundles import (
    SMALL,
    bundle,
    entry,
    listed,
    manifest_of,
    ordered,
    read,
    refused,
    sha256,
    sums_of,
    tarred,
    zipped,
)

HONEST = bundle(SMALL)
INSIDE = tarred(ordered(listed(SMALL)))
MIB = 1024 * 1024


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the path of a file that is not there yet."""
    return tmp_path / "rca.tar.gz"


def test_an_honest_bundle_holds(file: Path) -> None:
    """Every member is there with its sum, and what was asked for is at hand."""
    archive = read(file, HONEST, keep=lambda name: name == "00-REPORT.md")

    assert set(archive.members) == {*SMALL, MANIFEST, SUMS}
    assert archive.content("00-REPORT.md") == SMALL["00-REPORT.md"]
    assert archive.manifest.cause.sentence == "GitHub refused the review with 422."
    assert archive.size == len(HONEST)
    assert archive.sha256 == sha256(HONEST)
    with pytest.raises(BundleMemberError, match=r"has no run/run\.json"):
        archive.content("run/run.json")


def test_parts_that_gzip_joined_are_read_as_one(file: Path) -> None:
    """The head is packed last and stands first, so a bundle has more than one part."""
    cuts = (0, 700, 2048, 2049, len(INSIDE))
    joined = b"".join(zipped(INSIDE[at:to]) for at, to in pairwise(cuts))
    assert gzip.decompress(joined) == INSIDE

    assert set(read(file, joined).members) == {*SMALL, MANIFEST, SUMS}


def test_a_member_is_copied_out_a_piece_at_a_time(file: Path) -> None:
    """What comes out is what the sums name; a change meanwhile is noticed."""
    large = bytes(range(256)) * 4096
    archive = read(file, bundle({**SMALL, "logs/large.bin": large}))
    pieces: list[bytes] = []

    copy_member(archive, "logs/large.bin", pieces.append)

    assert b"".join(pieces) == large
    assert max(map(len, pieces)) <= 64 * 1024
    with pytest.raises(BundleMemberError):
        copy_member(archive, "logs/other.bin", pieces.append)
    file.write_bytes(bundle({**SMALL, "logs/large.bin": large[::-1]}))
    with pytest.raises(BundleRefusedError, match="changed while it was read"):
        copy_member(archive, "logs/large.bin", pieces.append)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("../../.bashrc", "leads out"),
        ("logs/../../x", "leads out"),
        ("C:/x", "drive"),
        ("logs\\x", "backslash"),
        ("./x", "characters"),
        ("logs//x", "characters"),
        ("logs/\x1b[31mx", "characters"),
        ("logs/n\u00e9", "characters"),
        ("a b", "characters"),
    ],
)
def test_a_path_that_leads_anywhere_else_is_refused(
    file: Path, name: str, why: str
) -> None:
    """Not one byte of such a member is used, and its name is said."""
    data = zipped(tarred([entry(name, b"x")]))
    with pytest.raises(BundleRefusedError, match=why):
        read(file, data)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "named pipe"),
        (tarfile.DIRTYPE, "folder"),
        (tarfile.CONTTYPE, "ancient"),
        (tarfile.GNUTYPE_SPARSE, "sparse"),
        (tarfile.XHDTYPE, "pax"),
        (tarfile.XGLTYPE, "pax"),
        (tarfile.GNUTYPE_LONGNAME, "header of its own"),
        (b"Z", "unknown kind"),
    ],
)
def test_whatever_is_no_plain_file_is_refused(
    file: Path, kind: bytes, why: str
) -> None:
    """Links, devices, pipes, folders, and every header that others stretch."""
    wrong, content = entry("logs/odd", kind=kind)
    wrong.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    data = zipped(tarred([*ordered(SMALL), (wrong, content)]))

    member, reason = refused(file, data)

    assert member == "logs/odd"
    assert why in reason


def long_name() -> bytes:
    """Return what GNU tar makes of a name that is too long for its header."""
    return tarred([entry("d/" * 90 + "x", b"x")], form=tarfile.GNU_FORMAT)


def pax_record() -> bytes:
    """Return a pax header of 300 MB, as a header alone says it."""
    info = tarfile.TarInfo("./PaxHeaders/x")
    info.type, info.size = tarfile.XHDTYPE, 300 * MIB
    return info.tobuf(tarfile.USTAR_FORMAT)


def endless(size: int) -> bytes:
    """Return a header that promises more than there is."""
    info = tarfile.TarInfo("logs/merged.ndjson")
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("made", [long_name(), pax_record(), endless(-1)])
def test_headers_that_others_believe_are_not(file: Path, made: bytes) -> None:
    """A header's own claims are judged before a byte is read for it."""
    refused(file, zipped(made))


def test_a_member_larger_than_any_limit_is_refused_by_its_header(file: Path) -> None:
    """Its bytes are not waited for."""
    member, reason = refused(file, zipped(endless(9 * 1024**3)))

    assert member == "logs/merged.ndjson"
    assert "size" in reason


def test_a_member_that_stands_there_twice_is_refused(file: Path) -> None:
    """The second would be what others read."""
    twice = [*ordered(listed(SMALL)), entry("run/run.json", b"{}")]

    assert refused(file, zipped(tarred(twice))) == ("run/run.json", "it is there twice")


def changed(name: str, data: bytes) -> bytes:
    """Return a bundle of which one member is another than its list says."""
    return zipped(tarred(ordered({**listed(SMALL), name: data})))


def without(name: str) -> bytes:
    """Return a bundle that lacks one of its members."""
    whole = listed(SMALL)
    del whole[name]
    return zipped(tarred(ordered(whole)))


def otherwise(**manifest: Any) -> bytes:
    """Return a bundle whose sums fit, and whose manifest says something else."""
    told = json.dumps({**manifest_of(SMALL), **manifest}).encode()
    whole = {**SMALL, MANIFEST: told}
    return zipped(tarred(ordered({**whole, SUMS: sums_of(whole)})))


ONE = manifest_of({"run/run.json": SMALL["run/run.json"]})["members"]
LISTED = manifest_of(SMALL)["members"]
SHORTER = [
    {**one, "size": 1} if one["name"] == "report.html" else one for one in LISTED
]


@pytest.mark.parametrize(
    ("data", "member", "why"),
    [
        (changed("run/run.json", b"{}"), "run/run.json", "not what SHA256SUMS says"),
        (changed("gates/new.json", b"{}"), "gates/new.json", "does not name it"),
        (without("run/run.json"), "run/run.json", "it is not there"),
        (without(MANIFEST), MANIFEST, "missing"),
        (without(SUMS), SUMS, "missing"),
        (changed(SUMS, b"hello\n"), SUMS, "no list of sums"),
        (changed(SUMS, b"\xff\n"), SUMS, "no list of sums"),
        (changed(SUMS, b""), "00-REPORT.md", "does not name it"),
        (changed(MANIFEST, b"{"), MANIFEST, "names no format"),
        (changed(MANIFEST, b"[" * 5000), MANIFEST, "names no format"),
        (otherwise(format="nofx.rca/2"), MANIFEST, "format is 'nofx.rca/2'"),
        (otherwise(format="\x1b[31m"), MANIFEST, "'\\x1b[31m'"),
        (otherwise(members=ONE), "00-REPORT.md", "manifest.json does not name it"),
        (otherwise(members=ONE + ONE), MANIFEST, "names a member twice"),
        (otherwise(members=SHORTER), "report.html", "not as long"),
        (otherwise(members=7), MANIFEST, "cannot be read: members"),
    ],
)
def test_what_the_lists_say_must_be_what_is_there(
    file: Path, data: bytes, member: str, why: str
) -> None:
    """Sums and manifest are compared with the content, with all of it."""
    at, reason = refused(file, data)

    assert at == member
    assert why in reason


@pytest.mark.parametrize(
    "more",
    [b"x", b"\0" * 30_000, gzip.compress(b"x", mtime=0), gzip.compress(b"", mtime=0)],
)
def test_nothing_may_follow_the_end(file: Path, more: bytes) -> None:
    """Neither behind the packed bytes nor behind the archive's end within them."""
    refused(file, HONEST + more)
    refused(file, zipped(INSIDE + more))


def test_what_fills_a_block_is_zeros(file: Path) -> None:
    """A place between two members where something could be hidden has nothing in it."""
    at = INSIDE.index(SMALL["00-REPORT.md"]) + len(SMALL["00-REPORT.md"]) + 5
    hidden = INSIDE[:at] + b"!" + INSIDE[at + 1 :]

    assert refused(file, zipped(hidden)) == (
        "00-REPORT.md",
        "something is hidden behind its end",
    )


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"# not a bundle\n"])
def test_what_is_no_gzip_is_no_bundle(file: Path, data: bytes) -> None:
    """That is said before anything is looked at."""
    with pytest.raises(BundleFileError):
        read(file, data)


def test_what_is_no_file_is_no_bundle(tmp_path: Path) -> None:
    """A folder, nothing at all, and a name that no file can have."""
    for path in (tmp_path, tmp_path / "absent", tmp_path / "a\0b"):
        with pytest.raises(BundleFileError):
            read_bundle(path)


def test_the_reader_of_python_agrees(tmp_path: Path) -> None:
    """What we accept, tarfile reads as the same members."""
    with tarfile.open(fileobj=io.BytesIO(HONEST), mode="r:gz") as other:
        names = other.getnames()

    assert names == list(read(tmp_path / "rca.tar.gz", HONEST).members)
