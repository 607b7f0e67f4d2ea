"""What the database knows of the keys: one document, so that each change is one step.

Which key is active, which were retired, and what is still to be told of it all change
together or not at all. No death can leave two active keys, or none.
"""

from collections.abc import Mapping
from typing import Any

from core.memory.keys.state import Ring, RingKey, Untold
from core.memory.schema import SESSIONS
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec

COLLECTION = "memory_keys"
RING = "ring"
TEXT: Document = {"bsonType": "string", "minLength": 1, "maxLength": 2048}
DATE: Document = {"bsonType": "date"}
KEYS = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "revision", "active", "keys", "untold"],
            "additionalProperties": False,
            "properties": {
                "_id": {"enum": [RING]},
                "revision": {"bsonType": ["int", "long"], "minimum": 1},
                "active": TEXT,
                "keys": {
                    "bsonType": "array",
                    "minItems": 1,
                    "items": {
                        "bsonType": "object",
                        "required": ["id", "canary", "added_at"],
                        "additionalProperties": False,
                        "properties": {
                            "id": TEXT,
                            "canary": {"bsonType": "binData"},
                            "check": {"bsonType": "binData"},
                            "added_at": DATE,
                            "promoted_at": DATE,
                            "replaced_at": DATE,
                            "retired_at": DATE,
                        },
                    },
                },
                "untold": {"bsonType": "array", "items": {"bsonType": "object"}},
            },
        }
    },
)


class RingStore:
    """Keeps the ring; each method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._keys = database.db[COLLECTION]
        self._sessions = database.db[SESSIONS]

    async def get(self) -> Ring | None:
        """Return the ring as it is, None before there is one."""
        with translating():
            found = await self._keys.find_one({"_id": RING})
        return ring_from(found) if found else None

    async def add(self, ring: Ring) -> bool:
        """Store the first ring; False when another process was first."""
        with translating():
            try:
                await self._keys.insert_one({"_id": RING, **ring_document(ring)})
            except DuplicateKeyError:
                return False
        return True

    async def change(self, before: Ring, after: Ring) -> bool:
        """Store a ring if it is as it was read."""
        seen = {"_id": RING, "revision": before.revision}
        with translating():
            done = await self._keys.update_one(seen, {"$set": ring_document(after)})
        return bool(done.matched_count)

    async def used(self) -> str | None:
        """Return a key that some session is under, None when none is."""
        wanted, only = {"key.kek": {"$gt": ""}}, {"key.kek": 1}
        with translating():
            found = await self._sessions.find_one(wanted, only)
        return str(found["key"]["kek"]) if found else None


def ring_document(ring: Ring) -> Document:
    """Return a ring as it is stored, without its `_id`."""
    return {
        "revision": ring.revision,
        "active": ring.active,
        "keys": [_present(_fields(key)) for key in ring.keys],
        "untold": [_fields(one) for one in ring.untold],
    }


def ring_from(found: Mapping[str, Any]) -> Ring:
    """Read a ring as it was stored."""
    return Ring(
        revision=found["revision"],
        active=found["active"],
        keys=tuple(_key(one) for one in found["keys"]),
        untold=tuple(Untold(**one) for one in found["untold"]),
    )


def _key(found: Mapping[str, Any]) -> RingKey:
    check = found.get("check")
    return RingKey(
        **{
            **found,
            "canary": bytes(found["canary"]),
            "check": bytes(check) if check is not None else None,
        }
    )


def _fields(one: RingKey | Untold) -> Document:
    return {name: getattr(one, name) for name in one.__slots__}


def _present(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}
