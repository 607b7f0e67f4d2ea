"""Takes texts out of deliveries: of what GitHub sent, and why it came to nothing."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import zstandard

from bot.webhooks.delivery import DeliveryState
from bot.webhooks.delivery_schema import COLLECTION
from core.redaction.needles import Needles
from core.redaction.places import Order, Reached
from core.store.database import Database, Document, translating

LEVEL = 3
MANY = 50
# By what a delivery is understood: no person's words.
GITHUBS = frozenset(
    {
        *("action", "full_name", "sha", "login", "type", "state", "status", "event"),
        *("conclusion", "node_id", "author_association"),
    }
)


class DeliveryCopies:
    """The place `deliveries`: bodies and reasons, of those about no pull request too.

    A body and its digest change together, and only if they are what was read. So a
    worker that claims a delivery finds it before or after, and whole; one that has
    claimed it before may still say what it read, so then there is something left.
    """

    name = "deliveries"

    def __init__(self, database: Database) -> None:
        self._deliveries = database.db[COLLECTION]

    async def redact(self, order: Order) -> Reached:
        """Cut the needles out of every delivery; raises StoreUnavailableError."""
        if order.repository is None:
            return Reached()
        changed = missed = in_hand = unreadable = 0
        wanted: Document = {"repository": order.repository}
        with translating():
            rows = self._deliveries.find(wanted, batch_size=MANY)
            async for found in rows:
                if order.pull not in (None, found.get("pull", order.pull)):
                    continue
                try:
                    cut = await asyncio.to_thread(_cut_body, found, order.needles)
                except (zstandard.ZstdError, ValueError):
                    unreadable += 1
                    continue
                working = found["state"] == DeliveryState.PROCESSING.value
                in_hand += working and cut.bears_mark
                change = {**cut.change, **_cut_reasons(found, order.needles)}
                if change:
                    done = await self._change(found, change)
                    changed += done
                    missed += not done
        return Reached(changed=changed, left=_left(in_hand, missed, unreadable))

    async def _change(self, found: Document, change: Document) -> bool:
        """Change a delivery if it is as it was read; False when it is not.

        What is to be told of it has another mark as soon as it is something else.
        """
        key = {"_id": found["_id"], "digest": found["digest"]}
        key |= {name: found[name] for name in ("announce", "reason") if name in found}
        done = await self._deliveries.update_one(key, {"$set": change})
        return bool(done.matched_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """What changes of a body, and whether it bears the mark of a cut by now."""

    change: Document = field(default_factory=dict)
    bears_mark: bool = False


def _cut_body(found: Document, needles: Needles) -> _Cut:
    body = zstandard.ZstdDecompressor().decompress(bytes(found["body"]))
    payload = json.loads(body)
    cut = _cut(payload, needles)
    if cut == payload:
        return _Cut(bears_mark=needles.mark.encode() in body)
    made = json.dumps(cut, separators=(",", ":"), ensure_ascii=False).encode()
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(made)
    digest = hashlib.sha256(made).hexdigest()
    return _Cut(change={"body": packed, "digest": digest}, bears_mark=True)


def _cut(value: Any, needles: Needles) -> Any:
    match value:
        case str():
            return needles.cut(value)
        case Mapping():
            return {
                name: item if name in GITHUBS else _cut(item, needles)
                for name, item in value.items()
            }
        case list():
            return [_cut(item, needles) for item in value]
        case _:
            return value


def _cut_reasons(found: Document, needles: Needles) -> Document:
    change: Document = {}
    if needles.are_in(found.get("reason", "")):
        change["reason"] = needles.cut(found["reason"])
    untold = found.get("untold", [])
    if any(needles.are_in(one.get("reason", "")) for one in untold):
        change["untold"] = [
            {**one, "reason": needles.cut(one["reason"])} if "reason" in one else one
            for one in untold
        ]
    return change


def _left(in_hand: int, missed: int, unreadable: int) -> str:
    words = {
        "deliveries are being worked on": in_hand,
        "deliveries have changed meanwhile": missed,
        "deliveries cannot be read": unreadable,
    }
    return "; ".join(f"{count} {what}" for what, count in words.items() if count)
