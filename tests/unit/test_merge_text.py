"""Texts merge by line, exactly where an outside merge finds no conflict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merge3 import Merge3

from core.checkpoints.merge_text import MOST_LINES, merge_text

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC"),
        ("a\nb\nc", "a\nc", "a\nb\nc\nd", "a\nc\nd"),
        ("a\nb\nc", "a\nX", "a\nb\nc\nd", None),
        ("a\nb\nc", "b\nc", "a\nb\nc\nd", "b\nc\nd"),
        ("a\nb\n", "a\nX\nb\n", "a\nb\nY\n", "a\nX\nb\nY\n"),
        ("a\nb", "X\nb", "Y\nb", None),
        ("a\nb", "X\nb", "X\nb\n", "X\nb\n"),
        ("a\r\nb\r\nc", "A\r\nb\r\nc", "a\r\nb\r\nC", "A\r\nb\r\nC"),
        ("a\x0cb\nc\nd", "a\x0cB\nc\nd", "A\x0cb\nc\nd", None),
        ("a", "", "b", None),
    ],
)
def test_changes_of_different_lines_come_together(
    base: str, ours: str, theirs: str, merged: str | None
) -> None:
    """A line ends at a line feed alone, whatever else is in it."""
    assert merge_text(base, ours, theirs) == merged
    assert merge_text(base, theirs, ours) == merged


@given(LINES, LINES, LINES)
def test_the_outside_judge_agrees(
    base: list[str], ours: list[str], theirs: list[str]
) -> None:
    """merge3, of the Breezy version control system, comes to the same text."""
    groups = list(Merge3(base, ours, theirs).merge_groups())
    clean = all(group[0] != "conflict" for group in groups)
    judged = [line for group in groups for line in group[1]] if clean else None
    merged = merge_text(*("\n".join(lines) for lines in (base, ours, theirs)))
    assert merged == (None if judged is None else "\n".join(judged))


@pytest.mark.parametrize(
    "lines", [["x"] * (MOST_LINES * 3 // 4), [str(n) for n in range(MOST_LINES)]]
)
def test_texts_that_take_too_long_to_compare_are_not_merged(lines: list[str]) -> None:
    """Too many lines, or too many that are alike, are taken as a whole."""
    base = "\n".join(lines)
    assert merge_text(base, f"a\n{base}", f"{base}\nb") is None


def test_the_longest_text_is_merged() -> None:
    """At the limit the comparison is still made."""
    base = "\n".join(str(number) for number in range(MOST_LINES - 1))
    assert merge_text(base, f"a\n{base}", f"{base}\nb") == f"a\n{base}\nb"
