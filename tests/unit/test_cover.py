"""A change keeps its lines, and loses its secrets."""

import base64
import hashlib
import textwrap

import pytest

from bot.pipeline.cover import Cover
from core.review.hunks import LineKind, parse_diff
from core.secrets import Masker, shared_finder
from tests.fakes.changes import request

TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
BODY = textwrap.wrap(base64.b64encode(hashlib.sha512(b"k").digest() * 12).decode(), 64)
KEY = ["-----BEGIN PRIVATE KEY-----", *BODY, "-----END PRIVATE KEY-----"]


@pytest.fixture(scope="module")
def cover() -> Cover:
    """Give one to all: loading the rules takes seconds."""
    finder = shared_finder()
    finder.warm()
    return Cover(masker=Masker([], finder=finder), finder=finder)


def diff_of(*lines: str, head: str = "@@ -1,{old} +1,{new} @@") -> bytes:
    """Return a diff of one file with these lines in its one hunk."""
    old = sum(line[:1] in " -" for line in lines)
    new = sum(line[:1] in " +" for line in lines)
    whole = (
        *("diff --git a/a.py b/a.py", "--- a/a.py", "+++ b/a.py"),
        *(head.format(old=old, new=new), *lines, ""),
    )
    return "\n".join(whole).encode()


def test_a_diff_keeps_its_hunks_and_lines(cover: Cover) -> None:
    """Added, removed and context lines are counted as before; one is masked."""
    data = diff_of(" one", f"-old = '{TOKEN}'", f"+new = '{TOKEN}'", "+", " two")
    covered, found = cover.diff(data)
    assert TOKEN.encode() not in covered
    (before,), (after,) = (parse_diff(one).files[0].hunks for one in (data, covered))
    assert after[:-1] == before[:-1]
    kinds = [(line.kind, line.old, line.new) for line in before.lines()]
    assert [(line.kind, line.old, line.new) for line in after.lines()] == kinds
    assert [(one.path, one.start, one.end) for one in found] == [("a.py", 2, 2)]


def test_a_key_is_masked_on_each_side(cover: Cover) -> None:
    """Though its lines alternate with those that took their place."""
    newer = [KEY[0], *(line[::-1] for line in KEY[1:-1]), KEY[-1]]
    pairs = zip(KEY, newer, strict=True)
    data = diff_of(*(line for old, new in pairs for line in (f"-{old}", f"+{new}")))
    covered, _ = cover.diff(data)
    (hunk,) = parse_diff(covered).files[0].hunks
    assert len(hunk.lines()) == 2 * len(KEY)
    assert not [line for line in hunk.lines() if line.text in {*BODY, *newer[1:-1]}]


def test_wrapped_base64_is_masked_between_the_marks(cover: Cover) -> None:
    """The plus of an added line is no letter of it."""
    encoded = base64.encodebytes(f"{'words ' * 20}{TOKEN}{' more' * 20}".encode())
    lines = encoded.decode().split()
    covered, _ = cover.diff(diff_of(" x", *(f"+{line}" for line in lines)))
    (hunk,) = parse_diff(covered).files[0].hunks
    added = [line for line in hunk.lines() if line.kind is LineKind.ADDED]
    assert len(added) == len(lines)
    assert not {line.text for line in added} & set(lines)


def test_what_git_puts_behind_the_numbers_is_masked(cover: Cover) -> None:
    """It is a line of the file, and may hold anything."""
    head = f"@@ -7,{{old}} +7,{{new}} @@ def connect(token='{TOKEN}'):"
    covered, _ = cover.diff(diff_of(" one", "+two", head=head))
    (hunk,) = parse_diff(covered).files[0].hunks
    assert hunk.section == "def connect(token='[masked:betterleaks.github-pat]'):"
    assert hunk.new_start == 7


def test_what_is_no_diff_is_masked_all_the_same(cover: Cover) -> None:
    """Whoever parses it says what is wrong with it."""
    covered, found = cover.diff(f"no diff at all: {TOKEN}\n".encode())
    assert (covered, found) == (
        b"no diff at all: [masked:betterleaks.github-pat]\n",
        (),
    )


def test_code_around_a_masked_key_is_code_still(cover: Cover) -> None:
    """Its indent and the quotes around its lines stay."""
    lines = ",\n".join(f'    "{line}\\n"' for line in KEY)
    content = f"key = [\n{lines},\n]\n".encode()
    asked = request({"a.py": content})
    covered, (found,) = cover.file(asked.diff.files[0], content)
    compile(covered, "a.py", "exec")
    assert covered.count(b"\n") == content.count(b"\n")
    assert not any(line.encode() in covered for line in BODY)
    assert (found.start, found.end) == (2, 1 + len(KEY))


def test_a_change_without_secrets_stays_as_it_is(cover: Cover) -> None:
    """Byte by byte, also where it is no UTF-8."""
    data = diff_of(" one", "+two \xff") + b"\\ No newline at end of file\n"
    data = data.replace("\xff".encode(), b"\xff")
    assert cover.diff(data) == (data, ())
