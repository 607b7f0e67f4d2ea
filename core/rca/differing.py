"""In what the state behind a step differs from that of another run, in words."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from core.checkpoints.diff.model import Change, StateDiff
from core.checkpoints.json_values import ABSENT
from core.rca.story import StateChange

SIGNS = {"added": "+", "removed": "-"}
MOST_CHANGES = 20
MOST_TEXT = 120


def told(step: str, diff: StateDiff) -> tuple[StateChange, ...]:
    """Return the differences that mean something, the first of them, for people."""
    meant = [change for change in diff.changes if not change.noise]
    return tuple(
        StateChange(
            step=step,
            path=one.path or "the whole state",
            kind=one.kind,
            words=words(one),
        )
        for one in meant[:MOST_CHANGES]
    )


def lines(changes: Iterable[Change]) -> Iterator[str]:
    """Yield what differs and means something, line by line, signed as in a diff."""
    for one in changes:
        if not one.noise:
            path = one.path or "the whole state"
            yield f"{SIGNS.get(one.kind, '~')} {path}  {words(one)}"
            yield from one.text.splitlines()


def words(change: Change) -> str:
    """Say in one line from what to what something changed, without its path."""
    if change.redacted:
        return "changed, redacted"
    match change.kind:
        case "moved":
            return f"was at {change.from_}"
        case "added":
            return f"is new: {_shown(change.after)}"
        case "removed":
            return f"is gone, was {_shown(change.before)}"
        case _ if change.text:
            return f"changed: {_counted(change.text)}"
        case _:
            before, after = _shown(change.before), _shown(change.after)
            return f"was {before}, is {after}"


def _counted(text: str) -> str:
    lines = text.splitlines()
    added = sum(one.startswith("+") and not one.startswith("+++") for one in lines)
    removed = sum(one.startswith("-") and not one.startswith("---") for one in lines)
    return f"{added} lines came, {removed} went"


def _shown(value: Any) -> str:
    text = "nothing" if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"
