"""Writes the files of a hostile pull request beneath one folder and nowhere else."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from core.errors import UnsafePathError

NAME_BYTES = 255
PATH_BYTES = 4096


def parts_of(path: str) -> list[bytes]:
    """Split a relative path into names that are safe to create.

    Paths are text as git gives it, undecodable bytes as surrogate escapes. Raises
    UnsafePathError for anything absolute, empty, too long, with NUL, `.` or `..`.
    """
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnsafePathError(path=ascii(path), reason="is not text") from None
    names = raw.split(b"/")
    if b"\0" in raw or len(raw) > PATH_BYTES:
        raise UnsafePathError(path=ascii(path), reason="holds NUL or is too long")
    if any(name in {b"", b".", b".."} or len(name) > NAME_BYTES for name in names):
        raise UnsafePathError(path=ascii(path), reason="does not stay in the folder")
    return names


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Create every file under `folder`, which must be fresh; links are not followed.

    Each folder on the way is opened without following links and the file is made
    new, so a name can neither leave the folder nor overwrite another.
    """
    for path, content in files.items():
        names = parts_of(path)
        try:
            _write(folder, names, content)
        except OSError as error:
            raise UnsafePathError(path=ascii(path), reason=error.strerror) from error


def _write(folder: Path, names: list[bytes], content: bytes) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    here = os.open(folder, flags)
    try:
        for name in names[:-1]:
            below = _enter(here, name, flags)
            os.close(here)
            here = below
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(names[-1], new, 0o600, dir_fd=here), "wb") as file:
            file.write(content)
    finally:
        os.close(here)


def _enter(parent: int, name: bytes, flags: int) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    return os.open(name, flags, dir_fd=parent)
