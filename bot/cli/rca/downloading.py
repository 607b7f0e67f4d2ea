"""Brings a bundle onto this disk: goes on where it broke off, and checks what came.

Until it is whole it is in `FILE.part`, with the ETag of its bytes beside it; then it
becomes `FILE` in one step. What does not have the right sum is put aside.
"""

import asyncio
import fcntl
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bot.cli.rca.origin import Offered, Origin
from core.errors import (
    DownloadBrokenError,
    DownloadDamagedError,
    DownloadTakenError,
    FileUnwritableError,
    UnavailableError,
)

# So often in a row nothing may come before it is given up.
TRIES = 5
PAUSE = 1.0
MINE = 0o600
PLAIN = re.compile(r"rca-[A-Za-z0-9_-]{1,150}\.tar\.gz")
READ_AT_ONCE = 1024 * 1024
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What is there now; `begun_at` bytes of it were there before."""

    path: Path
    size: int
    sha256: str
    begun_at: int = 0


async def download(
    origin: Origin,
    run_id: str,
    output: Path | None,
    *,
    told: Told,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Downloaded:
    """Download a run's bundle to a file, or to one of its own name.

    `told` hears how many bytes of how many are there. Raises what the origin raises,
    DownloadBrokenError, DownloadDamagedError, DownloadTakenError, FileUnwritableError.
    """
    offered = await origin.offer(run_id)
    path = _target(offered, output)
    with _writing(path):
        if path.is_file() and await asyncio.to_thread(_sum, path) == offered.sha256:
            return _done(path, offered, offered.size)
        with _part_of(path) as part:
            begun_at = _resumed(part, path, offered)
            told(begun_at, offered.size)
            await _fetch(origin, offered, part, told, pause)
            part.flush()
            os.fsync(part.fileno())
            await asyncio.to_thread(_check, path, offered)
            _part(path).replace(path)
        _tag(path).unlink(missing_ok=True)
    return _done(path, offered, begun_at)


async def _fetch(
    origin: Origin,
    offered: Offered,
    part: BinaryIO,
    told: Told,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    """Read until all is there, and begin again where it breaks off."""
    failed = 0
    while (start := part.seek(0, os.SEEK_END)) < offered.size:
        reason = "the service sent no more"
        try:
            async with aclosing(origin.read(offered, start)) as pieces:
                async for at, data in pieces:
                    if at != part.tell():
                        part.seek(at)
                        part.truncate()
                    _write(part, data)
                    told(part.tell(), offered.size)
                    if part.tell() > offered.size:
                        return
        except UnavailableError as error:
            reason = str(error)
        done = part.tell()
        failed = 0 if done > start else failed + 1
        if done < offered.size:
            if failed == TRIES:
                raise DownloadBrokenError(
                    url=origin.address, done=done, size=offered.size, reason=reason
                )
            await pause(PAUSE)


def _write(part: BinaryIO, data: bytes) -> None:
    """Write all of it: of what a disk has room for, it takes a part without a word."""
    left = memoryview(data)
    while left:
        left = left[part.write(left) :]


def _resumed(part: BinaryIO, path: Path, offered: Offered) -> int:
    """Keep what is there of these very bytes, and nothing else; return how much."""
    tag = _tag(path)
    have = part.seek(0, os.SEEK_END)
    known = tag.read_text() if tag.is_file() else ""
    if known != offered.etag or have > offered.size:
        part.seek(0)
        part.truncate()
        have = 0
        tag.write_text(offered.etag)
    return have


def _check(path: Path, offered: Offered) -> None:
    part = _part(path)
    found = _sum(part)
    if found != offered.sha256:
        aside = path.with_name(f"{path.name}.damaged")
        part.replace(aside)
        _tag(path).unlink(missing_ok=True)
        raise DownloadDamagedError(
            path=path, found=found, wanted=offered.sha256, aside=aside
        )


def _sum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ_AT_ONCE):
            digest.update(data)
    return digest.hexdigest()


def _target(offered: Offered, output: Path | None) -> Path:
    name = offered.name
    if not PLAIN.fullmatch(name):
        name = f"rca-{re.sub(r'[^A-Za-z0-9_-]', '', offered.run_id)}.tar.gz"
    if output is None:
        return Path(name)
    return output / name if output.is_dir() else output


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnwritableError(path=path, reason=reason) from None


@contextmanager
def _part_of(path: Path) -> Iterator[BinaryIO]:
    """Open what there is of a file, for this process alone."""
    made = os.open(_part(path), os.O_RDWR | os.O_CREAT, MINE)
    with os.fdopen(made, "r+b", buffering=0) as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DownloadTakenError(path=path) from None
        yield part


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _tag(path: Path) -> Path:
    return path.with_name(f"{path.name}.part.etag")


def _done(path: Path, offered: Offered, begun_at: int) -> Downloaded:
    return Downloaded(
        path=path, size=offered.size, sha256=offered.sha256, begun_at=begun_at
    )
