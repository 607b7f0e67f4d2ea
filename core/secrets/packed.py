"""Base64 of what is packed, such as a zip in an answer: its content cannot be seen.

Unpacking whatever somebody sent takes as long as they like, so the whole is masked.
"""

import base64
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import re2

from core.secrets.base64_runs import RUN
from core.secrets.texts import JsonValue

RULE = "nofx.packed"
MASK = f"[masked:{RULE}]"
# What gzip, zip, bzip2, xz, zstd, 7z, rar and lz4 begin with.
MAGIC = (
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x04\x22\x4d\x18",
)


def _beginnings(magic: bytes) -> tuple[bytes, bytes]:
    """Return what Base64 of it begins with, and Base64 of that once more."""
    once = base64.b64encode(magic)[: len(magic) * 8 // 6]
    return once, base64.b64encode(once)[: len(once) * 8 // 6]


BEGINNINGS = tuple(begin for magic in MAGIC for begin in _beginnings(magic))
# The same in Base64 for addresses.
ALL = (
    *BEGINNINGS,
    *(begin.translate(bytes.maketrans(b"+/", b"-_")) for begin in BEGINNINGS),
)
TEXTS = tuple(begin.decode() for begin in ALL)


def packed_in(data: bytes) -> list[bytes]:
    """Return which of the beginnings stand somewhere in some bytes."""
    if _any_of(ALL).search(data) is None:
        return []
    return [one for one in ALL if one in data]


@functools.cache
def _any_of(beginnings: tuple[bytes, ...]) -> Any:
    """Return what looks for all of them in one pass."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(b"|".join(map(re2.escape, beginnings)), options)


def is_packed(run: str) -> bool:
    """Return whether a run of Base64 begins as packed bytes do."""
    return run.startswith(TEXTS)


def without_packed(value: JsonValue) -> JsonValue:
    """Return a copy of a JSON value in which each run of packed bytes is masked."""
    if isinstance(value, str):
        return RUN.sub(lambda run: MASK if is_packed(run[0]) else run[0], value)
    if isinstance(value, Mapping):
        return {
            str(without_packed(name)): without_packed(item)
            for name, item in value.items()
        }
    if isinstance(value, Sequence):
        return [without_packed(item) for item in value]
    return value
