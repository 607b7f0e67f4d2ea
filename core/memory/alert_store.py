"""Keeps the alerts that are to be sent: recorded before, counted while, kept after."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from core.memory.schema import COUNT, DATE, TEXT
from core.store.database import Collection, Database, DuplicateKeyError, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "memory_alerts"
ALERTS_SPEC = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": [
                *("_id", "session_id", "subject", "generation", "threshold", "state"),
                *("expires_at", "scope", "attempts", "due_at", "purge_after"),
            ],
            "additionalProperties": False,
            "properties": {
                "_id": TEXT,
                "session_id": TEXT,
                "subject": {"enum": ["session", "items"]},
                "generation": COUNT,
                "threshold": COUNT,
                "expires_at": DATE,
                "scope": TEXT,
                "state": {"enum": ["pending", "sent", "told", "given_up"]},
                "attempts": COUNT,
                "due_at": DATE,
                "purge_after": DATE,
            },
        }
    },
    indexes=(
        IndexSpec(keys=("state", "due_at")),
        IndexSpec(keys=("session_id",)),
        IndexSpec(keys=("purge_after",), expire_after_seconds=0),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intention:
    """An alert to be sent; its id says what it is about, and is its Idempotency-Key."""

    id: str
    session_id: str
    subject: Literal["session", "items"]
    generation: int
    threshold: int
    expires_at: datetime
    scope: str
    state: Literal["pending", "sent", "told", "given_up"]
    attempts: int
    due_at: datetime


class AlertStore:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._alerts: Collection = database.db[COLLECTION]

    async def intend(self, one: Intention, kept: timedelta) -> None:
        """Record that an alert is to be sent, unless that is recorded.

        The record is kept for so long, and refuses another of it.
        """
        fields = asdict(one)
        fields["_id"] = fields.pop("id")
        fields["purge_after"] = one.due_at + kept
        with translating():
            try:
                await self._alerts.insert_one(fields)
            except DuplicateKeyError:
                return

    async def due(self, now: datetime, most: int) -> tuple[Intention, ...]:
        """Return some alerts that are to be sent, or to be told of as sent."""
        found = []
        for state in ("sent", "pending"):
            wanted = {"state": state, "due_at": {"$lte": now}}
            with translating():
                cursor = self._alerts.find(wanted, batch_size=most)
                found += await cursor.to_list(most)
        return tuple(_intention(one) for one in found)

    async def waiting(self, session_id: str) -> tuple[Intention, ...]:
        """Return the alerts of a session that have not arrived."""
        with translating():
            found = await self._alerts.find({"session_id": session_id}).to_list(None)
        made = (_intention(one) for one in found)
        return tuple(one for one in made if one.state == "pending")

    async def attempt(self, one: Intention, again: datetime) -> Intention | None:
        """Count an attempt, and leave it to others from then on; None when they did."""
        seen = {"_id": one.id, "state": "pending", "attempts": one.attempts}
        change = {"$set": {"due_at": again}, "$inc": {"attempts": 1}}
        with translating():
            done = await self._alerts.update_one(seen, change)
        if not done.matched_count:
            return None
        return replace(one, attempts=one.attempts + 1, due_at=again)

    async def settle(self, one: Intention, state: Literal["sent", "given_up"]) -> bool:
        """Record what became of it; False when somebody has."""
        with translating():
            done = await self._alerts.update_one(
                {"_id": one.id, "state": "pending"}, {"$set": {"state": state}}
            )
        return bool(done.matched_count)

    async def told(self, alert_id: str) -> None:
        """Record that the journal tells of it."""
        with translating():
            await self._alerts.update_one(
                {"_id": alert_id, "state": "sent"}, {"$set": {"state": "told"}}
            )


def _intention(found: dict[str, object]) -> Intention:
    fields = {**found, "id": found["_id"]}
    for name in ("_id", "purge_after"):
        del fields[name]
    return Intention(**fields)  # type: ignore[arg-type]  # as the validator has it
