"""What the parser reads is what git wrote, whatever the files hold."""

import difflib
import re
from collections.abc import Mapping
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unidiff.patch import PatchSet

from core.errors import DiffSyntaxError
from core.review.findings import Side
from core.review.hunks import Diff, FilePatch, LineKind, Status, parse_diff
from core.review.parts import Part
from tests.fakes.git_repository import GitRepository

Tree = dict[str, bytes]

NUMBERS = count()
MARKS = {LineKind.ADDED: "+", LineKind.REMOVED: "-", LineKind.CONTEXT: " "}
NAMES = ["a", "-- d", "d/e f", "é", 'q"t\\', "tab\there", "\udcff", "b/b b/b", "x\n"]
OPTIONS = ["-U0", "-U1", "--binary", "--no-renames", "-C", "--no-prefix"]
# Lines that look like a part of a diff, and line ends that are none.
ODD = [
    "",
    " ",
    "a",
    "b",
    "c",
    "é",
    "x\r",
    "\x0c\u2028",
    "-- a/x",
    "++ b/x",
    "@@ -1 +1 @@",
]
ODD += ["diff --git a/x b/x", "\\ No newline at end of file", "-- ", "GIT binary patch"]


def contents() -> st.SearchStrategy[bytes]:
    """Draw a text file, sometimes without a last newline, or a binary one."""
    lines = st.lists(st.sampled_from(ODD), max_size=12)
    texts = st.builds(
        lambda words, end: ("\n".join(words) + end).encode(),
        lines,
        st.sampled_from(["\n", ""]),
    )
    return st.one_of(texts, texts, texts, st.just(b"\0binary"))


def trees() -> st.SearchStrategy[tuple[Tree, Tree]]:
    """Draw two trees: files that stay, change, come, go, or move."""
    names = st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=5)
    pool = st.lists(contents(), min_size=1, max_size=4)

    def draw(drawn: tuple[list[str], list[bytes], list[int], list[int]]) -> Tree:
        chosen, texts, before, _ = drawn
        return {
            name: texts[number % len(texts)]
            for name, number in zip(chosen, before, strict=False)
            if number
        }

    numbers = st.lists(st.integers(0, 5), min_size=5, max_size=5)
    both = st.tuples(names, pool, numbers, numbers)
    return both.map(lambda d: (draw(d), draw((d[0], d[1], d[3], d[2]))))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    """Give one repository in which each example has a branch of its own."""
    return GitRepository(tmp_path_factory.mktemp("git") / "repository")


def git_diff(
    repository: GitRepository, base: Tree, head: Tree, options: list[str]
) -> bytes:
    """Commit both trees and let git compare them."""
    branch = f"example-{next(NUMBERS)}"
    first = repository.commit({"stays": b"", **base}, branch=branch)
    gone: Mapping[str, None] = {name: None for name in base if name not in head}
    second = repository.commit({"stays": b"", **gone, **head}, branch=branch)
    return repository.git("diff", *options, first, second)


def split(text: bytes) -> list[str]:
    """Return the lines with their line feeds; nothing else ends a line."""
    lines = [line + "\n" for line in text.decode().split("\n")]
    return [*lines[:-1], lines[-1][:-1]] if lines[-1] != "\n" else lines[:-1]


def rebuild(file: FilePatch, base: bytes) -> bytes:
    """Apply a file's hunks to its old contents, checking what they say of it."""
    old = split(base)
    new: list[str] = []
    at = 0
    for hunk in file.hunks:
        start = hunk.old_start - (hunk.old_count > 0)
        new += old[at:start]
        at = start
        for line in hunk.lines():
            text = line.text if line.no_newline else line.text + "\n"
            if line.old is not None:
                assert (line.old, old[at]) == (at + 1, text)
                at += 1
            if line.new is not None:
                new.append(text)
                assert line.new == len(new)
    return "".join(new + old[at:]).encode()


def exactly(data: bytes) -> tuple[FilePatch, ...]:
    """Read a diff by the exact road alone, which never counts a whole file at once."""
    starts = [match.start() + 1 for match in re.finditer(rb"\ndiff --git ", data)]
    bounds = pairwise([0, *starts, len(data)])
    indexes: dict[str, int] = {}
    return tuple(
        file
        for start, end in bounds
        for file in Part(data, start, end, indexes).files()
    )


@settings(max_examples=40, deadline=None)
@given(
    pair=trees(),
    options=st.lists(st.sampled_from(OPTIONS), unique=True, max_size=3),
)
def test_the_head_can_be_rebuilt_from_the_base_and_the_hunks(
    repository: GitRepository, pair: tuple[Tree, Tree], options: list[str]
) -> None:
    """Every path, status, line number, text and missing newline is as git meant it."""
    base, head = pair
    data = git_diff(repository, base, head, options)
    diff = parse_diff(data)
    assert diff.files == exactly(data)
    found = dict(base)
    for file in diff.files:
        source = base.get(file.old_path or file.path, b"")
        if file.status in {Status.REMOVED, Status.RENAMED}:
            found.pop(file.old_path or file.path, None)
        if file.status is Status.REMOVED:
            assert file.binary or rebuild(file, source) == b""
        elif file.binary:
            found[file.path] = head[file.path]
            assert b"\0" in source + head[file.path]
        else:
            found[file.path] = rebuild(file, source)
    assert found == head


def ordinary() -> st.SearchStrategy[bytes]:
    """Draw a diff as Python's difflib writes it, of one file or several."""
    words = st.sampled_from([word + "\n" for word in ODD if "\u2028" not in word])
    texts = st.lists(words, max_size=20)
    pairs = st.lists(st.tuples(texts, texts), max_size=4)
    return pairs.map(
        lambda drawn: "".join(
            "".join(difflib.unified_diff(old, new, f"a/{at}.py", f"b/{at}.py", n=at))
            for at, (old, new) in enumerate(drawn)
        ).encode()
    )


@given(data=ordinary())
def test_another_parser_reads_the_same(data: bytes) -> None:
    """On ordinary diffs unidiff finds the same files, hunks, numbers and lines."""
    theirs = [
        (
            (file.path, hunk.source_start, hunk.source_length, hunk.target_start),
            [
                (line.line_type, line.source_line_no, line.target_line_no, line.value)
                for line in hunk
            ],
        )
        for file in PatchSet(data.decode())
        for hunk in file
    ]
    ours = [
        (
            (file.path, hunk.old_start, hunk.old_count, hunk.new_start),
            [
                (MARKS[line.kind], line.old, line.new, line.text + "\n")
                for line in hunk.lines()
            ],
        )
        for file in parse_diff(data).files
        for hunk in file.hunks
    ]
    assert ours == theirs


WHOLE = b"""\
diff --git a/x.py b/x.py
index 1111111..2222222 100644
--- a/x.py
+++ b/x.py
@@ -1,3 +1,3 @@
 a
--- b
+++ c

@@ -9 +9,2 @@ def f():
-d
\\ No newline at end of file
+e
+f
diff --git a/y b/z
similarity index 90%
rename from y
rename to z
index 1111111..2222222 100644
--- a/y
+++ b/z
@@ -0,0 +1 @@
+g
"""


def consistent(diff: Diff) -> bool:
    """Return whether each hunk has the lines that its header counts."""
    hunks = [hunk for file in diff.files for hunk in file.hunks]
    return all(
        [line.old for line in hunk.lines() if line.old is not None]
        == list(hunk.span(Side.LEFT))
        and [line.new for line in hunk.lines() if line.new is not None]
        == list(hunk.span(Side.RIGHT))
        for hunk in hunks
    )


def attempt(data: bytes) -> Diff | None:
    """Return the diff, or None when it is refused with a line that the text has."""
    try:
        return parse_diff(data)
    except DiffSyntaxError as error:
        line = error.facts["line"]
    assert line in range(1, data.count(b"\n") + 2)
    return None


def test_a_diff_cut_at_any_byte_is_refused_or_ends_between_hunks() -> None:
    """No cut changes what a hunk holds, and no cut passes inside a header or hunk."""
    whole = [hunk for file in parse_diff(WHOLE).files for hunk in file.hunks]
    passed = {}
    for cut in range(1, len(WHOLE)):
        if diff := attempt(WHOLE[:cut]):
            found = [hunk for file in diff.files for hunk in file.hunks]
            assert found == whole[: len(found)]
            passed[WHOLE[:cut].count(b"\n")] = len(found)
    assert passed == {9: 1, 14: 2}


@given(data=st.data())
def test_a_damaged_diff_is_refused_or_still_adds_up(data: st.DataObject) -> None:
    """Bytes lost, doubled or changed never give a hunk that its header denies."""
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    length = data.draw(st.integers(0, 60))
    insert = data.draw(
        st.one_of(
            st.just(b""),
            st.just(WHOLE[at : at + length] * 2),
            st.binary(max_size=3),
            st.sampled_from([b"\n", b"\n+", b"\n\\", b"@@ -1 +1 @@\n", b"--- a/q\n"]),
        )
    )
    damaged = WHOLE[:at] + insert + WHOLE[at + length :]
    if diff := attempt(damaged):
        assert consistent(diff)
        assert diff.files == exactly(damaged)
