"""Reads keys as people write them down, `id:key`, and the file that they lie in.

A file that others can read or put their own key into is not used at all: what is under
its keys would be theirs.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from core.errors import MemoryKeysUnusableError
from core.memory.envelope import KEY, new_key

FIRST = "k1"
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LARGEST = 64 * 1024
GENERATE = "Make a line with `nofx memory keys generate ID`."


def line_of(key_id: str, key: bytes) -> str:
    """Return `id:key`; raises MemoryKeysUnusableError for an id that is none."""
    if not ID.fullmatch(key_id):
        raise MemoryKeysUnusableError(
            where="the line",
            reason="an id has up to 64 letters, digits, dots, dashes or underscores",
            mend="Choose another id, such as k2.",
        )
    return f"{key_id}:{base64.b64encode(key).decode()}"


def forms_of(key: bytes) -> tuple[str, ...]:
    """Return a key as text, in hexadecimal and both alphabets of Base64."""
    encoded = (base64.b64encode(key), base64.urlsafe_b64encode(key))
    # Without the padding, which may be there or not.
    texts = (one.decode().rstrip("=") for one in encoded)
    return (*dict.fromkeys(texts), key.hex(), key.hex().upper())


def keys_in(text: str, *, between: str, where: str) -> dict[str, bytes]:
    """Read `id:key` pairs; blank ones and those that begin with `#` are passed over.

    `where` names the place in an error, which never quotes it. Raises
    MemoryKeysUnusableError unless each has an id of its own and 32 bytes of its own.
    """
    keys: dict[str, bytes] = {}
    for number, part in enumerate(text.split(between), start=1):
        if not part.strip() or part.strip().startswith("#"):
            continue
        key_id, key = _pair(part.strip(), f"{where}, key number {number}")
        if key_id in keys:
            raise _unusable(where, f"the id {key_id} is there twice")
        if key in keys.values():
            raise _unusable(where, f"{key_id} is the same key as one before it")
        keys[key_id] = key
    if not keys:
        raise _unusable(where, "there is no key")
    return keys


def _pair(text: str, where: str) -> tuple[str, bytes]:
    key_id, colon, encoded = text.partition(":")
    if not colon or not ID.fullmatch(key_id):
        raise _unusable(where, "it is not `id:key`")
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        raise _unusable(where, f"what follows {key_id}: is no Base64") from None
    if len(key) != KEY:
        raise _unusable(where, f"{key_id} has {len(key)} bytes instead of {KEY}")
    return key_id, key


def read_keys(path: Path) -> Mapping[str, bytes]:
    """Return the keys of a file that is this user's alone.

    Raises MemoryKeysUnusableError.
    """
    where = str(path)
    try:
        # Without it, opening a pipe that nobody writes to would wait for ever.
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unusable(where, error.strerror or str(error), _there(where)) from None
    try:
        _check_file(os.fstat(opened), where)
        _check_folder(path)
        read = os.read(opened, LARGEST)
    finally:
        os.close(opened)
    try:
        text = read.decode("ascii")
    except UnicodeDecodeError:
        raise _unusable(where, "it is not plain text") from None
    return keys_in(text, between="\n", where=where)


def _check_file(facts: os.stat_result, where: str) -> None:
    """Refuse what others could read or change, by the file that was really opened."""
    mine = f"chown {os.getuid()} {where} && chmod 600 {where}"
    if not stat.S_ISREG(facts.st_mode):
        raise _unusable(where, "it is no file", _there(where))
    if facts.st_uid != os.getuid():
        raise _unusable(where, f"it belongs to user {facts.st_uid}", f"Run: {mine}")
    if facts.st_mode & 0o077:
        reason = f"others may use it, by its mode {facts.st_mode & 0o777:o}"
        raise _unusable(where, reason, f"Run: chmod 600 {where}")
    if facts.st_size > LARGEST:
        raise _unusable(where, f"it has more than {LARGEST} bytes")


def _check_folder(path: Path) -> None:
    """Refuse a folder in which anybody could put another file in its place."""
    folder = path.resolve().parent
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        reason = f"anybody may change its folder {folder}"
        raise _unusable(str(path), reason, f"Run: chmod o-w {folder}")


def make_keys(path: Path) -> None:
    """Write a file with a first key, unless there is one.

    It is written aside and linked into place, so no death leaves half a key. Raises
    MemoryKeysUnusableError.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path, f"{line_of(FIRST, new_key())}\n")
    except OSError as error:
        where = str(path)
        raise _unusable(where, error.strerror or str(error), _there(where)) from None


def _make(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    made = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(made, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return  # another process was first, and its key counts
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        aside.unlink()


def _there(where: str) -> str:
    return f"Give a file that this user can read, with mode 600, at {where}."


def _unusable(where: str, reason: str, mend: str = GENERATE) -> MemoryKeysUnusableError:
    return MemoryKeysUnusableError(where=where, reason=reason, mend=mend)
