"""Events as lines, for people and for machines."""

import json
import re
from collections.abc import Iterable
from datetime import UTC

from bot.plain import one_line
from bot.terminal import emit
from core.events.base import JSON
from core.feed.envelope import encoded
from core.feed.page import FeedEntry

LONGEST_VALUE = 60
LONGEST_DATA = 120
EMPTY: tuple[object, ...] = (None, "", [], {})
# What people look for comes first and needs no name.
TOLD = ("summary", "outcome", "conclusion", "error", "reason")
ELSEWHERE = frozenset({"transition", "repository", "pull", "run_id"})
# Of a digest or a SHA the beginning tells enough; `--json` has all of it.
DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{12,}\b…?")


def print_events(entries: Iterable[FeedEntry], *, as_json: bool) -> None:
    """Print events, each on its line; raises BrokenPipeError when nobody reads on."""
    for entry in entries:
        emit(f"{encoded(entry).decode() if as_json else line(entry)}\n")


def line(entry: FeedEntry) -> str:
    """Say when it was, where it stands, what it is, whom it is about, and the rest.

    The time is UTC. Nothing in the line commands a terminal.
    """
    time = entry.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    kind, subject = one_line(entry.type), one_line(entry.about.subject or "-")
    story = one_line(entry.run_id or entry.stream)
    data = one_line(shortened(entry.data))
    return f"{time} {entry.position:>7}  {kind:<22} {subject:<18} {story}  {data}"


def shortened(data: JSON) -> str:
    """Return what an event says most, and how the rest of it begins.

    First what it is about and how that moved, then what was said of it, then the rest
    as `name=value`; without what is empty or stands elsewhere in the line.
    """
    said = {name: value for name, value in data.items() if value not in EMPTY}
    moved = f"{said.pop('from', '')}→{said.pop('to')}" if "to" in said else None
    first = [said.pop("subject", None), moved]
    told = [said.pop(name, None) for name in TOLD]
    parts = [_short(one) for one in (*first, *told) if one is not None]
    parts += [
        f"{name}={_short(value)}"
        for name, value in said.items()
        if name not in ELSEWHERE
    ]
    return _cut("  ".join(parts), LONGEST_DATA)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return DIGEST.sub(lambda found: f"{found[1]}…", _cut(text, LONGEST_VALUE))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
