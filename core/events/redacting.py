"""Cuts texts out of entries of the journal: the one change of content they may see."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from core.clock import Clock
from core.events.commit import entry_of
from core.events.cut_out import cut_out
from core.events.journal_schema import COLLECTION
from core.events.tombstones import FIELD, tombstone
from core.redaction.places import Order
from core.redaction.signing import Signer
from core.store.database import Database, translating

MANY = 500
AFTER_SLASH = "0"


class JournalRedaction:
    """Cuts and signs, entry by entry; every method raises StoreUnavailableError.

    Each entry is changed at once with its tombstone, if it still is what was read: so a
    crash leaves entries that are whole, before or after.
    """

    def __init__(self, database: Database, *, signer: Signer, clock: Clock) -> None:
        self._journal = database.db[COLLECTION]
        self._signer = signer
        self._clock = clock

    async def stream(self, name: str) -> list[dict[str, Any]]:
        """Return a stream's raw documents, oldest first."""
        with translating():
            found = await self._journal.find({"stream": name}).to_list(None)
        return sorted(found, key=lambda one: int(one["seq"]))

    async def streams_of(self, noun: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the raw documents of all streams of a noun, in no order."""
        bounds = {"$gte": f"{noun}/", "$lt": f"{noun}{AFTER_SLASH}"}
        with translating():
            rows = self._journal.find({"stream": bounds}, batch_size=MANY)
            async for found in rows:
                yield found

    async def cut(self, documents: Iterable[dict[str, Any]], order: Order) -> int:
        """Cut the needles out of raw documents; returns how many it changed."""
        changed = 0
        for document in documents:
            changed += await self._cut(document, order)
        return changed

    async def _cut(self, document: dict[str, Any], order: Order) -> bool:
        found: dict[str, Any] | None = document
        while found is not None:
            events = [cut_out(one, order.needles) for one in found["events"]]
            which = [
                index
                for index, one in enumerate(events)
                if one is not found["events"][index]
            ]
            if not which:
                return False
            if await self._replace(found, events, which, order):
                return True
            # Another redaction was faster, so it is looked at again.
            with translating():
                found = await self._journal.find_one({"_id": document["_id"]})
        return False

    async def _replace(
        self,
        document: dict[str, Any],
        events: Sequence[dict[str, Any]],
        which: Sequence[int],
        order: Order,
    ) -> bool:
        earlier = document.get(FIELD)
        made = tombstone(
            entry_of({**document, "events": list(events)}),
            (document["prev_hash"], document["hash"]),
            redaction=order.redaction_id,
            events=sorted({*which, *(earlier["events"] if earlier else ())}),
            at=self._clock.now(),
            signer=self._signer,
        )
        # Only redactions change events, and each leaves another tombstone.
        seen = {FIELD: {"$exists": False}}
        if earlier is not None:
            seen = {f"{FIELD}.digest": earlier["digest"]}
        key = {"_id": document["_id"], "hash": document["hash"], **seen}
        change = {"$set": {"events": list(events), FIELD: made}}
        with translating():
            done = await self._journal.update_one(key, change)
        return bool(done.modified_count)
