"""On the diffs of real commits, no comment is refused and none is on a wrong line."""

import random
from dataclasses import replace

import pytest

from bot.github.review_draft import DraftComment
from bot.simulator.diffs import DiffLine, FileDiff
from bot.simulator.placing import anchored
from core.review.anchors import Anchor, Unplaceable, place
from core.review.findings import Side
from core.review.hunks import FilePatch
from core.review.prompt.numbering import References, numbered
from tests.fakes.diffs_of_commits import Change, changes

SAMPLE, ALL = 10, 500
# In longer files so many lines are tried, chosen by chance.
TRIED = 120
BEYOND = 25
WIDEST = 20
RANGES = 30


@pytest.mark.parametrize(
    "count",
    [SAMPLE, pytest.param(ALL, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
    ids=str,
)
def test_lines_of_real_commits_are_placed_right_or_not_at_all(count: int) -> None:
    """Lines of both sides and around the change, and ranges of them."""
    seen = posted = summarised = 0
    for change in changes(count):
        seen += 1
        rng = random.Random(seen)  # noqa: S311  # the same each time
        theirs = {file.path: file for file in change.theirs}
        assert set(theirs) == {file.path for file in change.ours.files}, change.name
        for file in change.ours.files:
            for side in Side:
                known = _lines(theirs[file.path], side)
                last = max(known, default=0) + BEYOND
                lines = range(1, last)
                for line in rng.sample(lines, min(TRIED, len(lines))):
                    stands = _single(change, file, side, line, known)
                    posted, summarised = posted + stands, summarised + (not stands)
                for _ in range(RANGES):
                    start = rng.randrange(1, last + 1)
                    end = start + rng.randrange(WIDEST + 1)
                    _range(change, file, side, start, end, known)
    assert seen >= count
    assert posted > count * 10
    assert summarised > count * 10


@pytest.mark.parametrize(
    "count",
    [SAMPLE, pytest.param(ALL, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
    ids=str,
)
def test_a_line_that_is_missed_by_a_few_is_no_line(count: int) -> None:
    """The hash that a model copied stands at its own number alone, on all lines."""
    tried = 0
    for change in changes(count):
        for file in change.ours.files:
            lines = [one for listed in numbered(file.hunks).values() for one in listed]
            references = References.to(lines)
            for line in lines:
                assert references.find(line.reference) == line
                for missed in (*range(-WIDEST, 0), *range(1, WIDEST + 1)):
                    wrong = replace(line, number=max(0, line.number + missed))
                    assert references.find(wrong.reference) is None, change.name
                    tried += 1
    assert tried > count * WIDEST


def _lines(file: FileDiff, side: Side) -> dict[int, DiffLine]:
    """Return what the simulator shows of a side, by number."""
    lines = [line for hunk in file.hunks for line in hunk.lines]
    numbered = [(one.old if side is Side.LEFT else one.new, one) for one in lines]
    return {number: one for number, one in numbered if number is not None}


def _single(
    change: Change, file: FilePatch, side: Side, line: int, known: dict[int, DiffLine]
) -> bool:
    """Place one line; where it is off by some lines, it is another line's turn."""
    placed = place(file, side, None, line)
    if isinstance(placed, Unplaceable):
        assert line not in known, (change.name, file.path, side, line)
        assert placed.reason
        return False
    assert (placed.start_line, placed.line) == (None, line)
    stands = _posted(change, placed)
    assert stands == (None, line)
    return True


def _range(
    change: Change,
    file: FilePatch,
    side: Side,
    start: int,
    end: int,
    known: dict[int, DiffLine],
) -> None:
    """Place a range: cut to one hunk, never moved out of what was asked for."""
    placed = place(file, side, start, end)
    if isinstance(placed, Unplaceable):
        assert not known.keys() & set(range(start, end + 1)), (change.name, file.path)
        return
    first = placed.start_line or placed.line
    assert start <= first <= placed.line <= end
    assert _posted(change, placed) == (placed.start_line, placed.line)


def _posted(change: Change, anchor: Anchor) -> tuple[int | None, int | None]:
    """Let the simulator's rules judge the comment, and say where it would stand."""
    comment = DraftComment(anchor=anchor, body="Look.", fingerprint="0" * 32)
    stands = anchored(change.theirs, comment.payload()).place
    assert (stands.path, stands.side) == (anchor.path, anchor.side.value)
    return stands.start_line, stands.line
