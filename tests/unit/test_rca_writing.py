"""Whatever its members are, an archive is one that tar reads, and always the same."""

import gzip
import io
import os
import tarfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rca.members import Names, part_of_name
from core.rca.writing import PIECE, SMALL, Archive, Finished

AS_OF = datetime(2026, 11, 29, 3, 15, tzinfo=UTC)
# Around the sizes at which a member is written another way.
SIZES = st.sampled_from(
    [0, 1, 511, 512, 513, SMALL, SMALL + 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 7]
)
CONTENT = st.one_of(
    st.binary(max_size=700),
    SIZES.map(lambda size: (b"a line of a log\n" * (size // 16 + 1))[:size]),
)
NAME = st.text(min_size=1, max_size=90).map(part_of_name)
MEMBERS = st.dictionaries(NAME.map(lambda name: f"folder/{name}"), CONTENT, max_size=9)


def written(folder: Path, members: dict[str, bytes], head: list[str]) -> Finished:
    """Write an archive, each member in parts of a size of its own."""
    archive = Archive(folder, as_of=AS_OF)
    for at, (name, content) in enumerate(members.items()):
        writing = archive.begin(name, "test")
        step = 1000 * (at + 1)
        for begin in range(0, len(content), step):
            writing.write(content[begin : begin + step])
        writing.close()
    done = archive.finish(head)
    archive.close()
    return done


@settings(max_examples=60, deadline=None)
@given(members=MEMBERS, data=st.data())
def test_what_was_written_is_read_again(
    members: dict[str, bytes], data: st.DataObject
) -> None:
    """In order, the head first, with owner, mode and time of nobody's machine."""
    names = sorted(members)
    head = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    with TemporaryDirectory() as made:
        done = written(Path(made), members, head)
        packed = done.path.read_bytes()
    assert (done.size, done.sha256) == (len(packed), sha256(packed).hexdigest())
    plain = gzip.decompress(packed)
    assert len(plain) % tarfile.RECORDSIZE == 0
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        found = tar.getmembers()
        assert [one.name for one in found] == [
            *head,
            *(name for name in names if name not in head),
        ]
        for one in found:
            file = tar.extractfile(one)
            assert file is not None
            assert file.read() == members[one.name]
            facts = one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode
            assert facts == (AS_OF.timestamp(), 0, 0, "", "", 0o644)


@settings(max_examples=20, deadline=None)
@given(members=MEMBERS)
def test_the_same_members_are_the_same_bytes(members: dict[str, bytes]) -> None:
    """In whatever order they were written, and in whatever parts."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        first = written(Path(one), members, [])
        turned = dict(reversed(members.items()))
        assert written(Path(other), turned, []).sha256 == first.sha256


def test_members_that_share_a_piece_hold_all_of_it(tmp_path: Path) -> None:
    """Beside what each has of its own; the piece is packed once."""
    archive = Archive(tmp_path, as_of=AS_OF)
    shared = os.urandom(SMALL * 2)
    packed = archive.pack(shared)
    for name, own in (("a", b"before"), ("b", b"")):
        writing = archive.begin(name, "test")
        writing.write(own)
        writing.share(shared, packed)
        writing.write(b"behind")
        member = writing.close()
        whole = own + shared + b"behind"
        assert (member.size, member.sha256) == (len(whole), sha256(whole).hexdigest())
    done = archive.finish([])
    archive.close()
    with tarfile.open(done.path) as tar:
        file = tar.extractfile("a")
        assert file is not None
        assert file.read() == b"before" + shared + b"behind"
    assert (tmp_path / "packed").stat().st_size < 1.1 * len(shared)


def test_the_files_are_nobody_elses(tmp_path: Path) -> None:
    """Neither the spool nor the archive."""
    done = written(tmp_path, {"a": b"x"}, [])
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {0o600}
    assert done.path.parent == tmp_path


@given(text=st.text(max_size=300), other=st.text(max_size=300))
def test_a_text_from_outside_becomes_a_name_that_is_safe(text: str, other: str) -> None:
    """No path leads out of the folder, and two texts have two names."""
    name = part_of_name(text)
    assert name
    assert len(name) <= 64
    assert not set(name) & set("/\\: \0\n")
    assert name not in {".", ".."}
    assert not name.startswith((".", "-"))
    if text != other:
        assert name != part_of_name(other)


@pytest.mark.parametrize(
    "text", ["../../etc/passwd", "", "..", ".hidden", "-rf", "CON "]
)
def test_a_name_that_leads_elsewhere_does_not(text: str) -> None:
    """What tools would take for a path or an option is none."""
    assert part_of_name(text).replace("-", "").isalnum()


def test_names_differ_also_where_case_does_not_count() -> None:
    """The second of a kind is numbered."""
    names = Names()
    given_out = [names.give(stem, ".json") for stem in ("a", "A", "a", "b")]
    assert given_out == ["a.json", "A-2.json", "a-3.json", "b.json"]
