"""How times, states and sizes are put on the pages."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

# What a state means for who looks: it is well, it is not, somebody is at it, somebody
# is waited for, it is of no concern.
TONES: Mapping[str, str] = {
    "succeeded": "good",
    "passed": "good",
    "approved": "good",
    "posted": "good",
    "performed": "good",
    "addressed": "good",
    "success": "good",
    "failed": "bad",
    "dead": "bad",
    "gate_failed": "bad",
    "rejected": "bad",
    "missing": "bad",
    "failure": "bad",
    "running": "busy",
    "intended": "busy",
    "queued": "wait",
    "retry_wait": "wait",
    "waiting_gate": "wait",
    "waiting_approval": "wait",
    "paused": "wait",
    "action_required": "wait",
}
UNITS = (("d", 86400), ("h", 3600), ("min", 60))
SHORT = 12


def tone(state: str) -> str:
    """Return what a state means for who looks at it."""
    return TONES.get(state, "quiet")


def spoken(state: str) -> str:
    """Return a state's name as words."""
    return state.replace("_", " ")


def ago(time: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = (now - time).total_seconds()
    for unit, size in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def lasted(seconds: float | None) -> str:
    """Return how long something took, in at most two units."""
    if seconds is None:
        return ""
    # What is rounded up to the next unit is said in that.
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < UNITS[-1][1]:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    unit, size = next(one for one in UNITS if whole >= one[1])
    lower = {"d": ("h", 3600), "h": ("min", 60), "min": ("s", 1)}[unit]
    return f"{whole // size} {unit} {whole % size // lower[1]} {lower[0]}"


def short(digest: str) -> str:
    """Return the first digits of a digest or a commit."""
    return digest.removeprefix("sha256:")[:SHORT]


def plain(value: Any) -> str:
    """Return a text as it is, and any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def first_of(value: Any, most: int) -> tuple[str, bool]:
    """Return the beginning of a value's JSON, and whether there is more of it.

    What nobody is shown is not written either: a state can have ten million characters.
    """
    found: list[str] = []
    left = most
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        if len(part) > left:
            return "".join((*found, part[:left])), True
        found.append(part)
        left -= len(part)
    return "".join(found), False


def exact(time: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
