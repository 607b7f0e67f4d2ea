"""File names as git writes them in a diff: quoted, prefixed, or neither.

What is wrong with a name is raised as ValueError; the header knows on which line it is.
"""

import re

NOWHERE = b"/dev/null"

# No path is longer; without a limit a long one would take much memory to match.
_QUOTED = re.compile(rb'"((?:[^"\\\n]|\\[abtnvfr"\\]|\\[0-3][0-7]{2}){0,8192})"')
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-3][0-7]{2})')
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
    b'"': b'"',
    b"\\": b"\\",
}
# What git puts before names: a/ b/, or by diff.mnemonicPrefix one of the others.
_PREFIX = re.compile(rb"[abciow12]/")


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return _LETTERS.get(code) or bytes([int(code, 8)])


def unquote(name: bytes) -> bytes:
    """Return the bytes behind git's C-style quotes; a bare name stays as it is."""
    if not name.startswith(b'"'):
        return name
    match = _QUOTED.fullmatch(name)
    if match is None:
        raise ValueError("a file name with broken quotes")
    return _ESCAPE.sub(_unescape, match[1])


def side_name(field: bytes) -> bytes:
    """Return the name in a `---` or `+++` line, without a time stamp behind it."""
    if field.startswith(b'"'):
        match = _QUOTED.match(field)
        return unquote(match[0] if match else field)
    return field.partition(b"\t")[0].removesuffix(b"\r")


def _halves(rest: bytes) -> tuple[bytes, bytes] | None:
    if rest.startswith(b'"'):
        match = _QUOTED.match(rest)
        if match is None or rest[match.end() : match.end() + 1] != b" ":
            return None
        return unquote(match[0]), unquote(rest[match.end() + 1 :])
    middle = len(rest) // 2
    if rest[middle : middle + 1] != b" ":
        return None
    return rest[:middle], rest[middle + 1 :]


def same_name(rest: bytes) -> bytes | None:
    """Return the one name that a `diff --git` line gives twice, else None.

    The line does not mark where the first name ends, so this works only when both are
    equal apart from their prefixes; for a rename git says the names once more.
    """
    halves = _halves(rest)
    if halves is None:
        return None
    old, new = halves
    if old == new:
        return old
    if old[2:] == new[2:] and _PREFIX.match(old) and _PREFIX.match(new):
        return old[2:]
    return None


def stands_for(field: bytes, name: bytes) -> bool:
    """Return whether a `---` or `+++` line means `name`, prefixed or bare."""
    found = side_name(field)
    return found == name or (found[2:] == name and bool(_PREFIX.match(found)))


def plain_pair(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """Cut the first folder off both names where it does nothing but tell the sides.

    `a/x` and `b/x`, or `before/x` and `after/x`, are both `x`; `lib/x` twice stays.
    """
    if NOWHERE in (old, new):
        return _bare(old), _bare(new)
    old_top, _, old_rest = old.partition(b"/")
    new_top, _, new_rest = new.partition(b"/")
    if old_rest and old_rest == new_rest and old_top != new_top:
        return old_rest, new_rest
    if (old_top, new_top) == (b"a", b"b"):
        return old_rest, new_rest
    return old, new


def _bare(name: bytes) -> bytes:
    return name[2:] if name.startswith((b"a/", b"b/")) else name


def decoded(name: bytes) -> str:
    """Return `name` as text, UTF-8 with surrogateescape.

    Raises ValueError, with the reason, for a name that git itself would not store:
    empty, absolute, with a NUL, or with a `..` in it.
    """
    if not name:
        raise ValueError("an empty file name")
    if name.startswith(b"/"):
        raise ValueError("an absolute file name")
    if b".." in name and b".." in name.split(b"/"):
        raise ValueError("a file name that climbs out by `..`")
    if b"\0" in name:
        raise ValueError("a file name with a NUL in it")
    return name.decode("utf-8", "surrogateescape")
