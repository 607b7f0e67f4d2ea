"""Lines of a try as a blob has them: NDJSON, with a line that tells of a gap; pure.

Where lines were left out, a line stands that has their number alone.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import BlobCorruptError
from core.events.base import JSON

LEFT_OUT = "left_out"


def row(line: Mapping[str, Any]) -> bytes:
    """Return a line as it is stored."""
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def gap(left_out: int) -> list[JSON]:
    """Return the line that tells of so many that are missing, none for none."""
    return [{LEFT_OUT: left_out}] if left_out else []


def read(data: bytes, digest: str, *, what: str) -> tuple[Sequence[JSON], int]:
    """Return the lines, and how many were left out.

    Raises BlobCorruptError, which says that it is no `what`.
    """
    try:
        found: list[JSON] = [json.loads(line) for line in data.splitlines()]
    except ValueError as error:
        raise BlobCorruptError(digest=digest, reason=f"it is no {what}") from error
    lines = [line for line in found if [*line] != [LEFT_OUT]]
    missing = [int(line[LEFT_OUT]) for line in found if [*line] == [LEFT_OUT]]
    return lines, sum(missing)
