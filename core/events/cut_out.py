"""Cuts texts out of stored events, and leaves what holds a history together; pure."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.events.base import JSON
from core.events.cutting import KEPT
from core.events.schema import read
from core.redaction.needles import Needles

# What programs compare, wherever it stands in an event: no person's words.
OURS = KEPT | {
    *("type", "kind", "status", "severity", "side", "conclusion", "decision"),
    *("repository", "pipeline", "step", "gate", "unit", "machine", "action", "event"),
    *("$blob", "choice"),
}
NAME = re.compile(r"sha256:[0-9a-f]{64}|[0-9a-f]{32,64}|[a-z]+_[0-9A-HJKMNP-TV-Z]{26}")


def cut_out(event: JSON, needles: Needles) -> JSON:
    """Return a stored event without the texts; itself where they are not in it.

    A field stays as it is where the event could not be read any more without it.
    """
    if not needles.are_in_json(event["data"]):
        return event
    data: JSON = event["data"]
    made = _cut(data, needles)
    if made == data:
        return event
    if _reads({**event, "data": made}):
        return {**event, "data": made}
    left = dict(data)
    for name in data.keys() & made.keys():
        if _reads({**event, "data": {**left, name: made[name]}}):
            left[name] = made[name]
    return {**event, "data": left} if left != data else event


def _cut(value: Any, needles: Needles) -> Any:
    match value:
        case str():
            return value if _is_name(value, needles) else needles.cut(value)
        case Mapping():
            return {
                _name(name, needles): item if name in OURS else _cut(item, needles)
                for name, item in value.items()
            }
        case list() | tuple():
            return [_cut(item, needles) for item in value]
        case _:
            return value


def _name(name: str, needles: Needles) -> str:
    return name if name in OURS or _is_name(name, needles) else needles.cut(name)


def _is_name(text: str, needles: Needles) -> bool:
    """Return whether a text only looks as if a needle were in it: a digest, an id.

    One that is a needle as a whole may be a token.
    """
    return NAME.fullmatch(text) is not None and (
        (0, len(text)) not in needles.spans_in(text)
    )


def _reads(event: JSON) -> bool:
    try:
        read(event)
    except ValidationError:
        return False
    return True
