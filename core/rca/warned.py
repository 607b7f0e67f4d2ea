"""The warnings of a run's kept logs, numbered as its merged log has them."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from core.errors import BlobCorruptError, BlobNotFoundError
from core.events.base import JSON
from core.rca.ahead import ahead
from core.rca.story import LogLine
from core.runs.kept_logs import KeptLogs
from core.runs.tries import KeptTry

MOST_LINES = 1000
MOST_TEXT = 500
LEVELS = frozenset({"warning", "error", "critical"})
MAY_BE_LOUD = re.compile("|".join(f'"{level}"' for level in sorted(LEVELS)).encode())
# Those have fields of their own in a line of the story.
NAMED = frozenset({"event", "level", "timestamp", "step", "run_id", "exception"})
OUR_CODE = re.compile(r'File "[^"\n]*?\b((?:bot|core)/[^"\n]+\.py)", line (\d+)')
# Is told what could not be read, and why.
Missed = Callable[[str], None]


async def warned(
    logs: KeptLogs, tries: Sequence[KeptTry], missed: Missed, *, most: int = MOST_LINES
) -> tuple[LogLine, ...]:
    """Return the lines that warn or worse: of very many the first and the last.

    A log that is gone or damaged is told to `missed`, and its lines have no numbers.
    Raises StoreUnavailableError.
    """
    first: list[LogLine] = []
    last: list[LogLine] = []
    number = 0
    async with aclosing(ahead(tries, partial(_read, logs))) as logged:
        async for tried, count, found in logged:
            if isinstance(found, str):
                missed(f"the log of step {tried.step}, try {tried.attempt}: {found}")
                continue
            for at, line in found:
                kept = first if len(first) < most // 2 else last
                kept.append(_line(number + at, tried, line))
            number += count
            del last[: -(most - most // 2)]
    return (*first, *last)


async def _read(
    logs: KeptLogs, tried: KeptTry
) -> tuple[KeptTry, int, list[tuple[int, JSON]] | str]:
    """Return how many lines a try has and those that are loud, or why it has none."""
    try:
        rows = await logs.rows(tried.digest)
        return tried, len(rows), await asyncio.to_thread(_loud, rows, tried.digest)
    except (BlobNotFoundError, BlobCorruptError) as error:
        return tried, 0, str(error)


def _loud(rows: Sequence[bytes], digest: str) -> list[tuple[int, JSON]]:
    """Return the lines that warn or worse, each with its number; others stay unread."""
    try:
        found = [
            (at, json.loads(row))
            for at, row in enumerate(rows, start=1)
            if MAY_BE_LOUD.search(row)
        ]
    except ValueError as error:
        raise BlobCorruptError(digest=digest, reason="it is no log") from error
    return [(at, line) for at, line in found if line.get("level") in LEVELS]


def _line(number: int, tried: KeptTry, line: Mapping[str, Any]) -> LogLine:
    return LogLine(
        number=number,
        step=tried.step,
        attempt=tried.attempt,
        time=str(line.get("timestamp", "")),
        level=str(line["level"]),
        event=_short(line.get("event", "")),
        fields={
            str(name): _short(value)
            for name, value in line.items()
            if name not in NAMED
        },
        place=place_in(line),
    )


def place_in(line: Mapping[str, Any]) -> str:
    """Return the innermost line of nofx's own code in a line's traceback."""
    found = OUR_CODE.findall(str(line.get("exception", "")))
    return ":".join(found[-1]) if found else ""


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"
