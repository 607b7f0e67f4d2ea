"""Which bytes of a file a request asks for.

Source: RFC 9110, sections 13.1 (conditions) and 14 (ranges). What is not a single range
of bytes is passed over, as it allows, and the whole file is the answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import RangeError

ONE = re.compile(
    r"bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*", re.IGNORECASE | re.ASCII
)
TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The bytes from `start` up to `end`, which is left out; all unless `is_part`."""

    start: int
    end: int
    is_part: bool


def asked(headers: Mapping[str, str], *, size: int, etag: str) -> Asked:
    """Return what a request asks of a file; raises RangeError."""
    whole = Asked(start=0, end=size, is_part=False)
    found = ONE.fullmatch(headers.get("Range", "").strip())
    if found is None or not any(found.groups()):
        return whole
    condition = headers.get("If-Range")
    # A date is no strong validator of ours, and a weak tag is none at all.
    if condition is not None and condition.strip() != etag:
        return whole
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size
        fits = int(last) > 0 and size > 0
    else:
        start = int(first)
        end = min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return whole
        fits = start < size
    if not fits:
        raise RangeError(found=f"{first}-{last}", size=size)
    return Asked(start=start, end=end, is_part=True)


def is_known(headers: Mapping[str, str], etag: str) -> bool:
    """Return whether If-None-Match says that the client has this file already."""
    given = headers.get("If-None-Match", "").strip()[:LONGEST]
    if given == "*":
        return True
    return any(one.removeprefix("W/") == etag for one in TAG.findall(given))
