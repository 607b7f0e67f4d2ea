"""Finds the code lines on which a finding stands, as the diff shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from core.review.findings import Finding, Side
from core.review.hunks import Diff, Hunk, Line, LineKind

CONTEXT = 2
LONGEST = 12
SIGNS = {LineKind.ADDED: "+", LineKind.REMOVED: "-", LineKind.CONTEXT: " "}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """One line of code: its number on its side, `+`, `-` or a blank, and its text.

    A number of None stands for lines that were left out.
    """

    number: int | None
    sign: str
    text: str


def excerpt(diff: Diff | None, finding: Finding) -> tuple[CodeLine, ...]:
    """Return the finding's lines with two before them; empty when the diff lacks them.

    A long range keeps its two ends.
    """
    if diff is None:
        return ()
    for hunk in _hunks(diff, finding.path):
        rows = list(_rows(hunk, finding))
        if rows:
            return _shortened(rows)
    return ()


def _hunks(diff: Diff, path: str) -> Iterator[Hunk]:
    """Give the hunks of a file by its name at the head."""
    for patch in diff.files:
        if patch.path == path:
            yield from patch.hunks


def _rows(hunk: Hunk, finding: Finding) -> Iterator[CodeLine]:
    """Give the lines of a hunk from just before a finding to its end."""
    if finding.line not in hunk.span(finding.side):
        return
    first = finding.start_line or finding.line
    lines = list(hunk.lines())
    numbers = [_number(line, finding.side) for line in lines]
    end = numbers.index(finding.line)
    begin = next(at for at, number in enumerate(numbers) if (number or 0) >= first)
    for line in islice(lines, max(0, begin - CONTEXT), end + 1):
        number = line.old if line.new is None else line.new
        text = line.text.removesuffix("\r")
        yield CodeLine(number=number, sign=SIGNS[line.kind], text=text)


def _number(line: Line, side: Side) -> int | None:
    """Return a line's number on one side, None where it is not on it."""
    return line.old if side is Side.LEFT else line.new


def _shortened(rows: list[CodeLine]) -> tuple[CodeLine, ...]:
    """Leave out the middle of a long excerpt."""
    if len(rows) <= LONGEST:
        return tuple(rows)
    half = LONGEST // 2
    gap = CodeLine(number=None, sign=" ", text=f"({len(rows) - 2 * half} more lines)")
    return (*rows[:half], gap, *rows[-half:])
