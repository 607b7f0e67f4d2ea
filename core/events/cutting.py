"""Keeps the data of events small: what is large in it lies in blobs instead.

An event's consumers must not care. So each field keeps its place and its JSON type: a
text its beginning, an object or a list nothing, and the extra field `$blobs` says which
blob has the whole of it, as `{"reason": {"$blob": "sha256:…", "bytes": 70000}}`. In the
program itself objects and lists stay whole, for it goes on with them; texts are cut
there as well, so that whoever folds the journal comes to the same.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from core.errors import BlobRedactedError
from core.events.base import JSON, Payload
from core.events.schema import read

BLOBS, BLOB, BYTES = "$blobs", "$blob", "bytes"
LIMIT = 64 * 1024
# A document holds 16 MiB, and a checkpoint's state lies beside the events.
COMMIT_LIMIT = 8 * 1024 * 1024
SMALLEST_LIMIT = 2 * 1024
BEGINNING = 2000
# What the database compares with the tables, and what names the thing that moves.
KEPT = frozenset({"subject", "transition", "from", "to"})
Put = Callable[[Any], Awaitable[str]]
Get = Callable[[str], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Events whose texts are short, and the stored data of those that were cut.

    `large` are the values to store before, by the event's index and the field's name.
    """

    events: tuple[Payload, ...]
    stored: Mapping[int, JSON] = field(default_factory=dict)
    large: Mapping[tuple[int, str], Any] = field(default_factory=dict)


def cut(events: Sequence[Payload]) -> Cut | None:
    """Return the events cut so that each is within 64 KiB; None when all are."""
    sizes = [event.size() for event in events]
    limit = _limit(sizes)
    if max(sizes, default=0) <= limit:
        return None
    made = list(events)
    stored: dict[int, JSON] = {}
    large: dict[tuple[int, str], Any] = {}
    for index, event in enumerate(events):
        if sizes[index] <= limit:
            continue
        data = event.stored()["data"]
        names = _largest(data, limit)
        texts = {name: shown(data[name]) for name in names if is_text(data[name])}
        made[index] = read({"type": event.type, "data": {**data, **texts}})
        stored[index] = {**data, **{name: shown(data[name]) for name in names}}
        large |= {(index, name): data[name] for name in names}
    return Cut(events=tuple(made), stored=stored, large=large)


def _limit(sizes: Sequence[int]) -> int:
    limit = LIMIT
    while sum(min(one, limit) for one in sizes) > COMMIT_LIMIT:
        if limit <= SMALLEST_LIMIT:
            break
        limit //= 2
    return limit


def _largest(data: JSON, limit: int) -> list[str]:
    """Return the fields to cut, the largest first, until the rest is small."""
    sizes = {name: _size(value) for name, value in data.items() if name not in KEPT}
    total = _size(data)
    names: list[str] = []
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        if total <= limit or sizes[name] <= BEGINNING:
            break
        names.append(name)
        total -= sizes[name]
    return names


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def is_cut(stored: JSON) -> bool:
    """Return whether a stored event has parts of its data in blobs."""
    return BLOBS in stored["data"]


def is_text(value: Any) -> bool:
    """Return whether a value is cut to its beginning, and stays cut in the program."""
    return isinstance(value, str)


def shown(value: Any) -> Any:
    """Return what stands for a large value: of its type, and small."""
    match value:
        case str():
            return f"{value[:BEGINNING]}…"
        case Mapping():
            return {}
        case _:
            return []


async def put_away(made: Cut, put: Put) -> Mapping[int, JSON]:
    """Store what is large, and return the data of the events that were cut."""
    stored = {index: dict(data) for index, data in made.stored.items()}
    for (index, name), value in made.large.items():
        reference = {BLOB: await put(value), BYTES: _size(value)}
        stored[index].setdefault(BLOBS, {})[name] = reference
    return stored


async def whole(data: JSON, get: Get, *, texts: bool = True) -> JSON:
    """Return an event's data as it was before it was cut.

    Without `texts` these stay as they are, as a program goes on with them, and so does
    what was redacted. Raises what `get` raises for a blob that is gone or broken.
    """
    references: Mapping[str, JSON] = data.get(BLOBS, {})
    rest = {name: value for name, value in data.items() if name != BLOBS}
    for name, reference in references.items():
        if texts or not is_text(rest.get(name)):
            with suppress(BlobRedactedError):
                rest[name] = await get(reference[BLOB])
    return rest
