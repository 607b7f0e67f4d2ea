"""What stands before a file's first hunk: its names, modes and what became of it."""

import re
from dataclasses import dataclass

from core.review.body import broken
from core.review.names import (
    NOWHERE,
    decoded,
    plain_pair,
    same_name,
    side_name,
    stands_for,
    unquote,
)
from core.review.patches import Status

GIT = b"diff --git "

_FIELD = re.compile(
    rb"(old mode|new mode|deleted file mode|new file mode|copy from|copy to|"
    rb"rename from|rename to|similarity index|dissimilarity index|index|---|\+\+\+|"
    rb"Binary files|GIT binary patch)(?: ([^\n]*)|\r?)\n"
)
_LAST_FIELDS = (b"+++", b"Binary files", b"GIT binary patch")
_MODE = re.compile(rb"[0-7]{6}")
_INDEX = re.compile(rb"([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: ([0-7]{6}))?")
# A block ends in an empty line; a line's first letter gives its length in bytes. Groups
# are not possessive, which Python before 3.11.5 gets wrong.
_BINARY_PATCH = re.compile(
    rb"(?:(?:literal|delta) \d++\r?\n(?:[A-Za-z][!-~]++\r?\n)+\r?\n)+"
)
# Names without a `diff --git` line before them; and what a merge has in its place.
_PLAIN_FORM = (
    rb"(?:--- ([^\n]*)\n\+\+\+ ([^\n]*)"
    rb"|Binary files ([^\n]+) differ\r?"
    rb"|(diff --(?:cc|combined) |@@@+ -)[^\n]*)\n"
)
_PLAIN = re.compile(_PLAIN_FORM)
# A line feed in front makes a search much faster than `^` does.
_PLAIN_LATER = re.compile(rb"\n" + _PLAIN_FORM)
_COMBINED_REASON = (
    "a combined diff of a merge has no single old side; compare with one parent"
)
_LINE_FEED = 10
# An empty file's blob, in SHA-1 and SHA-256 repositories: no hunk comes with it.
_EMPTY = (
    b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    b"473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A file's header, which reaches from byte `start` to `end` of the diff.

    `cut_off` says that the header announces a change of content and shows none, as it
    does in a diff that was cut there.
    """

    path: str
    old_path: str | None = None
    status: Status
    binary: bool = False
    old_mode: str | None = None
    new_mode: str | None = None
    has_names: bool
    cut_off: bool = False
    start: int
    end: int


def git_header(data: bytes, start: int, stop: int) -> Header:
    """Read the header that begins with `diff --git` at `start`; a hunk is at `stop`.

    Raises DiffSyntaxError when its lines are broken or contradict each other.
    """
    first = data.find(b"\n", start, stop)
    fields, end = _fields(data, first + 1, stop)
    try:
        status = _status(fields)
        rest = data[start + len(GIT) : first].removesuffix(b"\r")
        old, new = _names(rest, fields)
        path, old_path = decoded(new), decoded(old)
        index = _index(fields)
        both = index[3] if index else None
        old_mode = _mode(fields, (b"old mode", b"deleted file mode"), both)
        new_mode = _mode(fields, (b"new mode", b"new file mode"), both)
    except ValueError as error:
        raise broken(data, start, str(error)) from error
    binary = b"Binary files" in fields or b"GIT binary patch" in fields
    has_names = b"---" in fields
    return Header(
        path=path,
        old_path=old_path if old != new else None,
        status=status,
        binary=binary,
        old_mode=old_mode,
        new_mode=new_mode,
        has_names=has_names,
        cut_off=not has_names and not binary and _announces(fields, index),
        start=start,
        end=end,
    )


def find_plain(data: bytes, start: int, stop: int) -> Header | None:
    """Find the next header without a `diff --git` line; None where only text is.

    Raises DiffSyntaxError for a name that is refused, and for a combined diff.
    """
    match = _PLAIN.match(data, start, stop) or _PLAIN_LATER.search(
        data, max(start - 1, 0), stop
    )
    if match is None:
        return None
    old, new, binary, combined = match.groups()
    start = match.start() + (data[match.start()] == _LINE_FEED)
    if combined:
        raise broken(data, start, _COMBINED_REASON)
    try:
        if binary:
            old, _, new = binary.partition(b" and ")
        status, path, old_path = _plain_names(side_name(old), side_name(new))
    except ValueError as error:
        raise broken(data, start, str(error)) from error
    return Header(
        path=path,
        old_path=old_path,
        status=status,
        binary=bool(binary),
        has_names=not binary,
        start=start,
        end=match.end(),
    )


def _plain_names(old: bytes, new: bytes) -> tuple[Status, str, str | None]:
    status = Status.MODIFIED
    if old == NOWHERE:
        status = Status.ADDED
    elif new == NOWHERE:
        status = Status.REMOVED
    old, new = plain_pair(old, new)
    path = decoded(old if status is Status.REMOVED else new)
    moved = status is Status.MODIFIED and old != new
    return status, path, decoded(old) if moved else None


def _fields(data: bytes, at: int, stop: int) -> tuple[dict[bytes, bytes], int]:
    fields: dict[bytes, bytes] = {}
    while match := _FIELD.match(data, at, stop):
        key = match[1]
        if key in fields or (key == b"+++" and b"---" not in fields):
            raise broken(data, at, "a header line out of place")
        fields[key] = (match[2] or b"").removesuffix(b"\r")
        at = match.end()
        if key in _LAST_FIELDS:
            break
    if not fields:
        raise broken(data, at - 1, "a file header that says nothing")
    if (b"---" in fields) != (b"+++" in fields):
        raise broken(data, at - 1, "a file's header ends before `+++`")
    if b"GIT binary patch" in fields:
        body = _BINARY_PATCH.match(data, at, stop)
        if body is None:
            raise broken(data, at - 1, "a broken binary patch")
        at = body.end()
    return fields, at


def _status(fields: dict[bytes, bytes]) -> Status:
    words = (
        (b"new file mode", Status.ADDED),
        (b"deleted file mode", Status.REMOVED),
        (b"rename from", Status.RENAMED),
        (b"copy from", Status.COPIED),
    )
    found = [status for key, status in words if key in fields]
    if len(found) > 1:
        raise ValueError("a header that contradicts itself")
    if found:
        return found[0]
    if b"old mode" in fields and b"index" not in fields:
        return Status.CHANGED
    return Status.MODIFIED


def _names(rest: bytes, fields: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return the old and the new name, and see that every line agrees on them."""
    minus, plus = fields.get(b"---", NOWHERE), fields.get(b"+++", NOWHERE)
    if pair := _moved(fields):
        old, new = pair
    elif name := same_name(rest):
        old = new = name
    elif NOWHERE not in (minus, plus):
        return plain_pair(side_name(minus), side_name(plus))
    else:
        raise ValueError("two names that cannot be told apart")
    for field, name, gone in (
        (minus, old, b"new file mode"),
        (plus, new, b"deleted file mode"),
    ):
        nowhere = b"---" not in fields or gone in fields
        if (field == NOWHERE) != nowhere or not (nowhere or stands_for(field, name)):
            raise ValueError("a header with two different names")
    return old, new


def _moved(fields: dict[bytes, bytes]) -> tuple[bytes, bytes] | None:
    for verb in (b"rename", b"copy"):
        old, new = fields.get(verb + b" from"), fields.get(verb + b" to")
        if old is not None and new is not None:
            return unquote(old), unquote(new)
        if old is not None or new is not None:
            raise ValueError("a move that lacks one of its names")
    return None


def _index(fields: dict[bytes, bytes]) -> re.Match[bytes] | None:
    if b"index" not in fields:
        return None
    match = _INDEX.fullmatch(fields[b"index"])
    if match is None:
        raise ValueError("a malformed `index` line")
    return match


def _mode(
    fields: dict[bytes, bytes], keys: tuple[bytes, ...], both: bytes | None
) -> str | None:
    for key in keys:
        if key in fields:
            if not _MODE.fullmatch(fields[key]):
                raise ValueError("a malformed file mode")
            return fields[key].decode()
    return both.decode() if both else None


def _announces(fields: dict[bytes, bytes], index: re.Match[bytes] | None) -> bool:
    """Return whether the header names two contents that need a hunk between."""
    if index is None or index[1] == index[2]:
        return fields.get(b"similarity index", b"100%") != b"100%"
    ends = [blob for blob in (index[1], index[2]) if blob.strip(b"0")]
    return not (len(ends) == 1 and any(empty.startswith(ends[0]) for empty in _EMPTY))
