"""A comment stands on a line of the diff, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.review.anchors import (
    Anchor,
    Unplaceable,
    code_of,
    comment_fields,
    place,
    touches_change,
)
from core.review.findings import Side
from core.review.hunks import parse_diff

# Right: 3-7 and 21-23. Left: 3-6 and 20-22. Line 5 is added, 21 changed.
DATA = b"""\
diff --git a/x.py b/x.py
index 1111111..2222222 100644
--- a/x.py
+++ b/x.py
@@ -3,4 +3,5 @@
 three
 four
+five
 old five
 old six
@@ -20,3 +21,3 @@
-twenty
+twenty-one
 context
 last
"""
(FILE,) = parse_diff(DATA).files


def anchor(side: Side, start: int | None, line: int) -> Anchor:
    """Return the expected place in x.py."""
    return Anchor(path="x.py", side=side, start_line=start, line=line)


@pytest.mark.parametrize(
    ("side", "line"),
    [
        (Side.RIGHT, 3),
        (Side.RIGHT, 5),
        (Side.RIGHT, 21),
        (Side.LEFT, 3),
        (Side.LEFT, 20),
    ],
)
def test_a_line_of_a_hunk_is_its_own_anchor(side: Side, line: int) -> None:
    """Added, removed and context lines can be commented on."""
    assert place(FILE, side, None, line) == anchor(side, None, line)


@pytest.mark.parametrize(
    ("side", "line", "reason"),
    [
        (Side.RIGHT, 2, "line 2 is outside the changed parts of x.py at the head"),
        (Side.RIGHT, 8, "line 8 is outside the changed parts of x.py at the head"),
        (Side.RIGHT, 20, "line 20 is outside the changed parts of x.py at the head"),
        (Side.LEFT, 7, "line 7 is outside the changed parts of x.py at the base"),
    ],
)
def test_a_stray_line_is_never_moved_to_a_hunk(
    side: Side, line: int, reason: str
) -> None:
    """One line beside a hunk is as far away as a hundred."""
    assert place(FILE, side, None, line) == Unplaceable(reason=reason)


@pytest.mark.parametrize(
    ("start", "line", "expected"),
    [
        (4, 6, (4, 6)),
        (1, 5, (3, 5)),
        (6, 15, (6, 7)),
        (1, 100, (3, 7)),
        (6, 22, (6, 7)),
        (7, 22, (21, 22)),
        (7, 15, (None, 7)),
        (5, 5, (None, 5)),
    ],
)
def test_a_range_is_cut_to_the_hunk_it_overlaps_most(
    start: int, line: int, expected: tuple[int | None, int]
) -> None:
    """A range stays within one hunk, and one of a single line is no range."""
    assert place(FILE, Side.RIGHT, start, line) == anchor(Side.RIGHT, *expected)


def test_a_range_between_hunks_is_not_placed() -> None:
    """A range that touches no hunk is as stray as a line."""
    assert place(FILE, Side.RIGHT, 8, 20) == Unplaceable(
        reason="lines 8 to 20 are outside the changed parts of x.py at the head"
    )


BINARY = (
    b"diff --git a/x b/x\nindex 1111..2222 100644\nBinary files a/x and b/x differ\n"
)
MODE = b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"
ADDED = (
    b"diff --git a/x b/x\nnew file mode 100644\nindex 0000000..2222222\n"
    b"--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n"
)
FOREIGN = DATA.replace(b"a/x.py", b'"a/\\377.py"').replace(b"b/x.py", b'"b/\\377.py"')


@pytest.mark.parametrize(
    ("data", "side", "start", "reason"),
    [
        (BINARY, Side.RIGHT, None, "x is binary"),
        (MODE, Side.RIGHT, None, "the diff shows no lines of x"),
        (ADDED, Side.LEFT, None, "line 3 is outside the changed parts of x at the"),
        (FOREIGN, Side.RIGHT, None, "the file's name is not UTF-8, so GitHub's API"),
        (DATA, Side.RIGHT, 4, "the range runs backwards, from line 4 to 3"),
    ],
)
def test_files_and_ranges_that_no_comment_fits(
    data: bytes, side: Side, start: int | None, reason: str
) -> None:
    """The reason says in words what is in the way."""
    (file,) = parse_diff(data).files
    found = place(file, side, start, 3)
    assert isinstance(found, Unplaceable)
    assert found.reason.startswith(reason)


def test_the_fields_that_github_asks_for() -> None:
    """A range names both ends and sides, a single line only itself."""
    assert comment_fields(anchor(Side.LEFT, 3, 5)) == {
        "path": "x.py",
        "side": "LEFT",
        "line": 5,
        "start_side": "LEFT",
        "start_line": 3,
    }
    assert comment_fields(anchor(Side.RIGHT, None, 5)) == {
        "path": "x.py",
        "side": "RIGHT",
        "line": 5,
    }


@pytest.mark.parametrize(
    ("side", "start", "end", "touched"),
    [
        (Side.RIGHT, 5, 5, True),
        (Side.RIGHT, 3, 4, False),
        (Side.RIGHT, 1, 100, True),
        (Side.RIGHT, 8, 20, False),
        (Side.RIGHT, 21, 21, True),
        (Side.RIGHT, 22, 23, False),
        (Side.LEFT, 3, 6, False),
        (Side.LEFT, 20, 20, True),
        (Side.LEFT, 21, 22, False),
    ],
)
def test_whether_a_range_holds_a_change(
    side: Side,
    start: int,
    end: int,
    touched: bool,  # noqa: FBT001 - the expected answer
) -> None:
    """Added lines count on the right, removed ones on the left, context never."""
    assert touches_change(FILE, side, start, end) is touched


def test_the_code_that_a_remark_stands_on() -> None:
    """Only lines that the diff shows are known."""
    assert code_of(FILE, Side.RIGHT, 4, 6) == "four\nfive\nold five"
    assert code_of(FILE, Side.LEFT, 5, 20) == "old five\nold six\ntwenty"
    assert code_of(FILE, Side.RIGHT, 7, 21) == "old six\ntwenty-one"
    assert code_of(FILE, Side.RIGHT, 8, 20) == ""


LINES = st.integers(1, 30)


@given(side=st.sampled_from(Side), start=st.none() | LINES, line=LINES)
def test_an_anchor_is_always_one_that_github_accepts(
    side: Side, start: int | None, line: int
) -> None:
    """Both ends lie in one hunk, in order, and inside of what was asked for."""
    found = place(FILE, side, start, line)
    first = line if start is None else start
    asked = set(range(first, line + 1))
    known = set(FILE.commentable(side))
    if isinstance(found, Unplaceable):
        assert not asked & known
        return
    begin = found.line if found.start_line is None else found.start_line
    assert set(range(begin, found.line + 1)) <= asked & known
    assert found.start_line is None or found.start_line < found.line
    assert FILE.hunk_at(side, begin) == FILE.hunk_at(side, found.line) is not None
