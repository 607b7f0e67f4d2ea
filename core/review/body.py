"""The body of a hunk, checked against the hunk's header."""

import re

from core.errors import DiffSyntaxError
from core.review.patches import Hunk, Status

HUNK = re.compile(
    rb"\n@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@"
    rb"(?: [^\n]*|\r?)(?=\n)"
)
_OTHER_LINE = re.compile(rb"\n[^-+ ]")


def broken(data: bytes, at: int, reason: str) -> DiffSyntaxError:
    """Return the error that names the line on which the byte `at` stands."""
    return DiffSyntaxError(line=data.count(b"\n", 0, at) + 1, reason=reason)


def fits(status: Status, last: Hunk) -> bool:
    """Return whether a new file has no old lines, and a removed one no new lines."""
    if status is Status.ADDED:
        return last.old_start + last.old_count == 0
    return status is not Status.REMOVED or last.new_start + last.new_count == 0


def read_hunk(
    data: bytes, match: re.Match[bytes], stop: int, path: str, number: int
) -> Hunk:
    """Return the hunk whose header is in `match`; the next one starts behind `stop`.

    Raises DiffSyntaxError when lines and header disagree. Text behind the last line is
    left alone.
    """
    first, old_count, second, new_count = match.groups()
    old = 1 if old_count is None else int(old_count)
    new = 1 if new_count is None else int(new_count)
    start, body = match.span()
    raw = data[start + 1 : _end(data, (body, stop), (old, new))]
    return Hunk(path, number, int(first), old, int(second), new, raw)


def _end(data: bytes, bounds: tuple[int, int], counts: tuple[int, int]) -> int:
    """Return where the counted lines end: runs of usual lines, and the rest singly."""
    at, stop = bounds
    old, new = counts
    last = b"\\"
    while True:
        other = _OTHER_LINE.search(data, at, stop)
        end = other.start() if other else stop
        lines = data.count(b"\n", at, end)
        old_lines = lines - data.count(b"\n+", at, end)
        new_lines = lines - data.count(b"\n-", at, end)
        if old_lines > old or new_lines > new:
            return _end_inside(data, (at, end), (old, new))
        old, new, at = old - old_lines, new - new_lines, end
        if other is None:
            break
        mark = data[at + 1 : at + 2]
        has_line = lines > 0 or last != b"\\"
        is_remark = has_line and data.startswith(b"\\ ", at + 1)
        if not old and not new and not is_remark:
            return at
        if mark in b"\r\n" and old and new:
            old, new = old - 1, new - 1
        elif not is_remark:
            raise broken(
                data,
                at + 1,
                "in a hunk each line starts with a space, + or -, and its header "
                f"counts {old} old and {new} new lines more",
            )
        last = mark
        at = data.find(b"\n", at + 1, stop)
        at = stop if at < 0 else at
    if old or new:
        reason = f"the hunk ends early: {old} old and {new} new lines are missing"
        raise broken(data, stop, reason)
    return stop


def _end_inside(data: bytes, bounds: tuple[int, int], counts: tuple[int, int]) -> int:
    """Return where the counted lines end within a run of more lines than those."""
    at, stop = bounds
    old, new = counts
    while old or new:
        mark = data[at + 1 : at + 2]
        old -= mark != b"+"
        new -= mark != b"-"
        if old < 0 or new < 0:
            raise broken(
                data, at + 1, "the lines do not fit the counts in the hunk header"
            )
        at = data.find(b"\n", at + 1, stop)
    return at
