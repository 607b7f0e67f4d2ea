"""The fast road for the files that make up nearly all of a diff.

A changed, new or deleted file, as git writes it, with hunks and nothing else. Lines are
never looped over: one search finds whatever does not start with a space, + or -, which
is where a hunk ends; then each kind of line is counted and compared with the hunk's
header. Whatever does not fit is left to the exact road.
"""

import re

from core.review.body import fits
from core.review.names import NOWHERE, decoded
from core.review.parts import MAX_PARTS
from core.review.patches import FilePatch, Hunk, Status

# One literal byte in front makes this search several times faster than others.
_NO_LINE = re.compile(
    rb"\n(?:@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@"
    rb"(?: [^\n]*|\r?)(?=\n)|[^-+ ]|\Z)"
)
# It takes names as they stand: comparing them by back references can take forever.
_HEADER = re.compile(
    rb'diff --git a/([^"\\\t\n]+)\n'
    rb"(?:new file mode ([0-7]{6})\n|deleted file mode ([0-7]{6})\n)?"
    rb"index [0-9a-f]{4,64}\.\.[0-9a-f]{4,64}(?: ([0-7]{6}))?\n"
    rb"--- ([^\t\n]+)\t?\n\+\+\+ ([^\t\n]+)\t?(?=\n@@)"
)


def quick_file(
    data: bytes, start: int, indexes: dict[str, int]
) -> tuple[FilePatch, int] | None:
    """Read the file that begins at `start`, and return where other text begins.

    None where the file is unusual or broken. `indexes` holds how many hunks of each
    path came before, and is kept up to date.
    """
    header = _HEADER.match(data, start)
    if header is None:
        return None
    names, added, removed, both, minus, plus = header.groups()
    name = names[: len(names) // 2 - 1]
    if (
        names != name + b" b/" + name
        or minus != (NOWHERE if added else b"a/" + name)
        or plus != (NOWHERE if removed else b"b/" + name)
    ):
        return None
    try:
        path = decoded(name)
    except ValueError:
        return None
    hunks, end = _hunks(data, header.end(), path, indexes.get(path, 0))
    status = Status.ADDED if added else Status.REMOVED if removed else Status.MODIFIED
    # A remark about a missing newline still belongs to the hunk.
    if not hunks or not fits(status, hunks[-1]) or data.startswith(b"\\", end):
        return None
    indexes[path] = hunks[-1].number + 1
    mode = both.decode() if both else None
    old_mode = removed.decode() if removed else mode
    new_mode = added.decode() if added else mode
    file = FilePatch(
        path=path,
        old_path=None,
        status=status,
        binary=False,
        old_mode=old_mode,
        new_mode=new_mode,
        hunks=tuple(hunks),
    )
    return file, end


def _hunks(data: bytes, at: int, path: str, number: int) -> tuple[list[Hunk], int]:
    """Return the hunks and where they end; none where counts or ranges are wrong."""
    hunks: list[Hunk] = []
    # Each name that is looked up once saves a hundredth of the whole time.
    count, append, make = data.count, hunks.append, tuple.__new__
    start = body = old_start = old = new_start = new = 0
    for match in _NO_LINE.finditer(data, at):
        stop = match.start()
        if body:
            lines = count(b"\n", body, stop)
            if (
                lines - count(b"\n+", body, stop) != old
                or lines - count(b"\n-", body, stop) != new
            ):
                return [], 0
            raw = data[start + 1 : stop]
            append(make(Hunk, (path, number, old_start, old, new_start, new, raw)))
            number += 1
        first, old_count, second, new_count = match.groups()
        if first is None:
            return hunks, stop + 1
        old_end, new_end = old_start + old, new_start + new
        old_start, new_start = int(first), int(second)
        if old_start < old_end or new_start < new_end or number > MAX_PARTS:
            break
        old = 1 if old_count is None else int(old_count)
        new = 1 if new_count is None else int(new_count)
        start, body = stop, match.end()
    return [], 0
