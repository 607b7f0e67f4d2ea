"""Whether the code that a finding is about still stands in a change: pure.

A finding carries the text of its lines. White space within and around a line does not
count, as it does not in the finding's name.
"""

from collections.abc import Iterable, Sequence

from core.review.anchors import code_of
from core.review.findings import Finding, Side
from core.review.hunks import Diff, Hunk


def code_under(finding: Finding, diff: Diff) -> str:
    """Return the text of a finding's lines that the diff shows, joined by line feeds.

    Empty where it shows none of them, and where nobody knows the lines.
    """
    file = diff.file(finding.path)
    if file is None or finding.unplaced is not None:
        return ""
    start = finding.start_line or finding.line
    return code_of(file, finding.side, start, finding.line)


def copies(code: str, path: str, side: Side, diff: Diff) -> int:
    """Count where these lines stand together on a side of a file.

    Nothing stands nowhere: code without a word is counted as absent.
    """
    wanted = _normal(code.split("\n"))
    if not any(wanted):
        return 0
    return sum(
        _count(wanted, _side(hunk, side))
        for file in diff.files
        if file.path == path
        for hunk in file.hunks
    )


def shows(path: str, diff: Diff) -> bool:
    """Return whether the diff has a file of this name."""
    return diff.file(path) is not None


def _count(wanted: Sequence[str], lines: Sequence[str]) -> int:
    """Count the places at which `wanted` stands, each line in one place at most."""
    found = at = 0
    while at + len(wanted) <= len(lines):
        if lines[at : at + len(wanted)] == wanted:
            found += 1
            at += len(wanted)
        else:
            at += 1
    return found


def _side(hunk: Hunk, side: Side) -> list[str]:
    left = side is Side.LEFT
    return _normal(
        line.text
        for line in hunk.lines()
        if (line.old if left else line.new) is not None
    )


def _normal(lines: Iterable[str]) -> list[str]:
    return [" ".join(line.split()) for line in lines]
