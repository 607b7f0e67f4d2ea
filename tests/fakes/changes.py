"""Builds review requests as a pull request would bring them, from file contents."""

import difflib
from collections.abc import Mapping

from core.review.hunks import parse_diff
from core.review.reviewer import ReviewRequest

NO_NEWLINE = b"\n\\ No newline at end of file\n"


def request(
    head: Mapping[str, bytes | None],
    base: Mapping[str, bytes] | None = None,
    *,
    hidden: frozenset[str] = frozenset(),
) -> ReviewRequest:
    """Return a request for going from `base` to `head`; None removes a file.

    Contents of the paths in `hidden` are not handed over, as of files too large.
    """
    before = base or {}
    diff = b"".join(patch(path, before.get(path), new) for path, new in head.items())
    return ReviewRequest(
        repository="octo/hello",
        title="A change",
        description="",
        diff=parse_diff(diff),
        files={
            path: content
            for path, content in head.items()
            if content is not None and path not in hidden
        },
    )


def patch(path: str, old: bytes | None, new: bytes | None) -> bytes:
    """Return git's unified diff of one file."""
    name = path.encode("utf-8", "surrogateescape")
    before, after = b'"a/' + _quoted(name) + b'"', b'"b/' + _quoted(name) + b'"'
    mode = b"new file mode 100644\n" if old is None else b""
    mode = b"deleted file mode 100644\n" if new is None else mode
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        (old or b"").split(b"\n")[:-1] if (old or b"\n").endswith(b"\n") else _cut(old),
        (new or b"").split(b"\n")[:-1] if (new or b"\n").endswith(b"\n") else _cut(new),
        before if old is not None else b"/dev/null",
        after if new is not None else b"/dev/null",
        lineterm=b"",
    )
    body = b"".join(_line(line) for line in lines)
    return b"diff --git " + before + b" " + after + b"\n" + mode + body


def _quoted(name: bytes) -> bytes:
    return b"".join(
        bytes([byte]) if 32 < byte < 127 and byte not in b'"\\' else b"\\%03o" % byte
        for byte in name
    )


def _cut(content: bytes | None) -> list[bytes]:
    """Split a file whose last line has no newline, and mark that line."""
    *lines, last = (content or b"").split(b"\n")
    return [*lines, last + b"\0cut"]


def _line(line: bytes) -> bytes:
    if line.endswith(b"\0cut"):
        return line.removesuffix(b"\0cut") + NO_NEWLINE
    return line + b"\n"
