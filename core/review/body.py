"""The body of a hunk, checked against the hunk's header."""

import re

from core.errors import DiffSyntaxError
from core.review.patches import Hunk, Status

HUNK = re.compile(
    rb"\n@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@"
    rb"(?: [^\n]*|\r?)(?=\n)"
)
# The cheapest of the searches, for it starts with one literal byte.
OTHER_LINE = re.compile(rb"\n[^-+ ]")


def broken(data: bytes, at: int, reason: str) -> DiffSyntaxError:
    """Return the error that names the line on which the byte `at` stands."""
    return DiffSyntaxError(line=data.count(b"\n", 0, at) + 1, reason=reason)


def fits(status: Status, last: Hunk) -> bool:
    """Return whether a new file has no old lines, and a removed one no new lines."""
    if status is Status.ADDED:
        return last.old_start + last.old_count == 0
    return status is not Status.REMOVED or last.new_start + last.new_count == 0


def read_hunk(
    data: bytes, match: re.Match[bytes], stop: int, path: str, index: int
) -> Hunk:
    """Return the hunk whose header is in `match`; the next one starts behind `stop`.

    Counting a kind of line is much faster than reading lines, and enough where the sums
    agree and every line is one of the three kinds. Raises DiffSyntaxError when lines
    and header disagree. Text behind the last line is left alone.
    """
    first, old_count, second, new_count = match.groups()
    old = 1 if old_count is None else int(old_count)
    new = 1 if new_count is None else int(new_count)
    start, body = match.span()
    end = _counted_end(data, (body, stop), (old, new))
    if end is None:
        end = _read_to_end(data, (body, stop), (old, new))
    raw = data[start + 1 : end]
    return Hunk(path, index, int(first), old, int(second), new, raw)


def _counted_end(
    data: bytes, bounds: tuple[int, int], counts: tuple[int, int]
) -> int | None:
    start, end = bounds
    old, new = counts
    lines = data.count(b"\n", start, end)
    added = data.count(b"\n+", start, end)
    if added == lines == new and not old:
        return end
    if other := OTHER_LINE.search(data, start, end):
        end = other.start()
        if data.startswith(b"\\", end + 1):
            return None
        lines = data.count(b"\n", start, end)
        added = data.count(b"\n+", start, end)
    removed = data.count(b"\n-", start, end)
    return end if lines - added == old and lines - removed == new else None


def _read_to_end(data: bytes, bounds: tuple[int, int], counts: tuple[int, int]) -> int:
    """Read line by line: a newline is missing, a mail ends here, or it is broken."""
    at, stop = bounds
    old, new = counts
    last = b"\\"
    while (at := data.find(b"\n", at, stop)) >= 0:
        mark = data[at + 1 : min(at + 2, stop)]
        no_newline_again = mark == last == b"\\"
        if not old and not new and (mark != b"\\" or no_newline_again):
            return at
        if mark not in b"+- \r\n\\" or no_newline_again:
            raise broken(
                data,
                at + 1,
                "in a hunk each line starts with a space, + or -, and its header "
                f"counts {old} old and {new} new lines more",
            )
        last = mark
        old -= mark in b"- \r\n"
        new -= mark in b"+ \r\n"
        if old < 0 or new < 0:
            raise broken(
                data, at + 1, "the lines do not fit the counts in the hunk header"
            )
        at += 1
    if old or new:
        raise broken(
            data,
            stop,
            f"the hunk ends early: {old} old and {new} new lines are missing",
        )
    return stop
