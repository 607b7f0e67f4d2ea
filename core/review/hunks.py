"""A unified diff as files and hunks, with the lines of both sides."""

from collections.abc import Iterator

from core.errors import DiffSyntaxError, DiffTooLargeError
from core.review.body import broken
from core.review.header import GIT
from core.review.parts import MAX_PARTS, NO_FILE, Part
from core.review.patches import Diff, FilePatch, Hunk, Line, LineKind, Status
from core.review.quick import quick_file

__all__ = ["Diff", "FilePatch", "Hunk", "Line", "LineKind", "Status", "parse_diff"]

_NEXT_FILE = b"\n" + GIT


def parse_diff(data: bytes, *, max_bytes: int = 100_000_000) -> Diff:
    """Read a unified diff: git's, GitHub's `.diff`, a mailed patch, or plain `diff -u`.

    Text before, between and behind the files is passed over. File names are UTF-8 with
    surrogateescape. An empty text is an empty diff. Lines are not copied one by one, so
    memory stays within a small multiple of the diff.

    Raises DiffTooLargeError above `max_bytes` or a million files and hunks, and
    DiffSyntaxError, with line and reason, for anything else that is not a whole unified
    diff: cut-off text, counts that do not fit, a merge's combined diff, and a file name
    that is absolute or has `..` in it.
    """
    if len(data) > max_bytes:
        raise DiffTooLargeError(size=len(data), unit="bytes", limit=max_bytes)
    if not data or data.isspace():
        return Diff(files=())
    if not data.endswith(b"\n") and (b"@@ -" in data or GIT in data):
        line = data.count(b"\n") + 1
        raise DiffSyntaxError(line=line, reason="the last line is cut off")
    files = tuple(_files(data))
    if not files:
        raise DiffSyntaxError(
            line=1,
            reason="no file header (`diff --git`, or `---` and `+++`) in the text",
        )
    return Diff(files=files)


def _files(data: bytes) -> Iterator[FilePatch]:
    """Yield the files, cutting the text in front of every `diff --git`."""
    if data.startswith(b"@@"):
        raise broken(data, 0, NO_FILE)
    indexes: dict[str, int] = {}
    start = count = 0
    part = None
    while start < len(data):
        if quick := quick_file(data, start, indexes):
            file, start = quick
            count += 1 + len(file.hunks)
            yield file
        else:
            end = data.find(_NEXT_FILE, start) + 1 or len(data)
            part = Part(data, start, end, indexes)
            for file in part.files():
                count += 1 + len(file.hunks)
                yield file
            start = end
        if count > MAX_PARTS:
            unit = "files and hunks"
            raise DiffTooLargeError(size=count, unit=unit, limit=MAX_PARTS)
    if part and part.cut_off:
        raise broken(data, len(data) - 1, "it ends inside a file's header")
