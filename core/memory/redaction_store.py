"""Redactions in MongoDB: kept for good, taken up by one process at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.memory.redaction_model import (
    Redaction,
    redaction_document,
    redaction_from,
)
from core.memory.schema import BYTES, COUNT, DATE, REDACTIONS, TEXT
from core.store.database import Database, Document, translating
from core.store.schema import CollectionSpec, IndexSpec

REDACTIONS_SPEC = CollectionSpec(
    name=REDACTIONS,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": [
                *("_id", "session", "status", "purpose", "rule", "items", "length"),
                *("actor", "reason", "override_hold", "at", "epoch", "places"),
                *("attempts", "fence"),
            ],
            "properties": {
                "_id": TEXT,
                "session": TEXT,
                "repository": TEXT,
                "pull": COUNT,
                "status": {"enum": ["pending", "complete"]},
                "purpose": {"enum": ["redacted", "forgotten", "compacted"]},
                "rule": {"enum": ["message", "span", "pattern"]},
                "items": {"bsonType": "array"},
                "length": TEXT,
                "actor": TEXT,
                "reason": {"bsonType": "string"},
                "override_hold": {"bsonType": "bool"},
                "told": {"bsonType": "bool"},
                "at": DATE,
                "epoch": COUNT,
                "completed_at": DATE,
                "places": {"bsonType": "object"},
                "sealed": BYTES,
                "due_at": DATE,
                "attempts": COUNT,
                "fence": COUNT,
            },
            "additionalProperties": False,
            # What was to go is kept, sealed, only until it has gone everywhere.
            "oneOf": [
                {
                    "properties": {"status": {"enum": ["pending"]}},
                    "required": ["sealed", "due_at"],
                },
                {
                    "properties": {"status": {"enum": ["complete"]}},
                    "required": ["completed_at"],
                    "not": {"required": ["sealed"]},
                },
            ],
        }
    },
    indexes=(IndexSpec(keys=("session",)), IndexSpec(keys=("status", "due_at"))),
)


class RedactionStore:
    """Keeps redactions; each method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._redactions = database.db[REDACTIONS]

    async def add(self, redaction: Redaction) -> None:
        """Store a new one."""
        with translating():
            await self._redactions.insert_one(redaction_document(redaction))

    async def get(self, redaction_id: str) -> Redaction | None:
        """Return one by its id."""
        with translating():
            found = await self._redactions.find_one({"_id": redaction_id})
        return redaction_from(found) if found else None

    async def of_session(self, session_id: str) -> tuple[Redaction, ...]:
        """Return a session's, oldest first."""
        with translating():
            found = await self._redactions.find({"session": session_id}).to_list(None)
        made = map(redaction_from, found)
        return tuple(sorted(made, key=lambda one: (one.at, one.id)))

    async def due(self, now: datetime) -> tuple[Redaction, ...]:
        """Return those that somebody should take up, longest due first."""
        wanted = {"status": "pending", "due_at": {"$lte": now}}
        with translating():
            found = await self._redactions.find(wanted).to_list(None)
        made = map(redaction_from, found)
        return tuple(sorted(made, key=lambda one: (one.due_at or now, one.id)))

    async def oldest_pending(self) -> datetime | None:
        """Return when the oldest was asked for that is not everywhere yet."""
        wanted = {"status": "pending"}
        with translating():
            found = await self._redactions.find(wanted, {"at": 1}).to_list(None)
        return min((one["at"] for one in found), default=None)

    async def claim(
        self, redaction: Redaction, now: datetime, seconds: float
    ) -> Redaction | None:
        """Take one up for some seconds; None when another was first."""
        held = replace(
            redaction,
            due_at=now + timedelta(seconds=seconds),
            attempts=redaction.attempts + 1,
            fence=redaction.fence + 1,
        )
        seen = {"_id": redaction.id, "fence": redaction.fence, "status": "pending"}
        fields = {"due_at": held.due_at, "attempts": held.attempts, "fence": held.fence}
        with translating():
            done = await self._redactions.update_one(seen, {"$set": fields})
        return held if done.matched_count else None

    async def change(
        self, redaction: Redaction, fields: Document, *, unset: Sequence[str] = ()
    ) -> bool:
        """Change one that this process has; False when another has it by now."""
        change: Document = {"$set": fields}
        if unset:
            change["$unset"] = dict.fromkeys(unset, "")
        seen = {"_id": redaction.id, "fence": redaction.fence, "status": "pending"}
        with translating():
            done = await self._redactions.update_one(seen, change)
        return bool(done.matched_count)

    async def withdraw(self, redaction: Redaction) -> None:
        """Take back one of which nothing has happened yet."""
        with translating():
            await self._redactions.delete_one(
                {"_id": redaction.id, "fence": redaction.fence}
            )
