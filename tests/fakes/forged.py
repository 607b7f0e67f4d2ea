"""Bundles that somebody has forged: changes to what is recorded, one at a time."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.rca.archive import read_bundle
from core.rca.recorded import Recorded, told_by

Change = Callable[[Any], None]
STATES, EVENTS = "checkpoints/*.json", "events/events.ndjson"


def recorded(file: Path, data: bytes) -> Recorded:
    """Read a bundle as the command line does."""
    file.write_bytes(data)
    return Recorded(read_bundle(file, keep=told_by))


def in_json(change: Change) -> Callable[[bytes], bytes]:
    """Return what changes a member that is JSON."""

    def changed(data: bytes) -> bytes:
        value = json.loads(data)
        change(value)
        return json.dumps(value).encode()

    return changed


def in_states(change: Change) -> Callable[[bytes], bytes]:
    """Return what changes the state of a checkpoint."""
    return in_json(lambda file: change(file["state"] or {}))


def in_events(kind: str, change: Change) -> Callable[[bytes], bytes]:
    """Return what changes the data of every event of a type."""

    def changed(data: bytes) -> bytes:
        lines = [json.loads(line) for line in data.splitlines()]
        for line in lines:
            if line["type"] == kind:
                change(line["data"])
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    return changed


def lighter(shown: Any) -> None:
    """Show another status than the events add up to."""
    shown["status"] = "succeeded"


def impossible(move: Any) -> None:
    """Have a gate come to where its verdict does not lead."""
    move["to"] = "waived"


def unread(state: Any) -> None:
    """Leave a hunk unread."""
    state["unread"] = [["app.py:0", "too long"]]


def masked(data: bytes) -> bytes:
    """Mask a part of what was judged."""
    return data.replace(b"anchored", b"[masked:word]")
