"""The collections of memory: sessions, and their items sealed."""

from typing import Any

from core.store.schema import CollectionSpec, IndexSpec

SESSIONS, ITEMS, CONTENTS = "sessions", "memory", "memory_contents"
REDACTIONS = "memory_redactions"
HOLD_KINDS = ("legal", "pinned")
TEXT: dict[str, Any] = {"bsonType": "string", "minLength": 1}
COUNT: dict[str, Any] = {"bsonType": ["int", "long"], "minimum": 0}
DATE: dict[str, Any] = {"bsonType": "date"}
BYTES: dict[str, Any] = {"bsonType": "binData"}

SESSIONS_SPEC = CollectionSpec(
    name=SESSIONS,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": [
                *("_id", "scope", "scope_key", "tenant", "fork", "state", "revision"),
                *("epoch", "head", "created_at", "updated_at", "expires_at"),
                *("generation", "sliding", "holds", "counts"),
            ],
            "properties": {
                "_id": TEXT,
                "scope": {"bsonType": "object"},
                "scope_key": TEXT,
                "tenant": TEXT,
                "fork": {"bsonType": "bool"},
                "state": {"enum": ["live", "ending", "ended"]},
                "revision": COUNT,
                "epoch": COUNT,
                "head": {
                    "bsonType": "object",
                    "required": ["seq", "link", "mac"],
                    "additionalProperties": False,
                    "properties": {"seq": COUNT, "link": BYTES, "mac": BYTES},
                },
                "key": {
                    "bsonType": "object",
                    "required": ["kek", "data", "revision"],
                    "additionalProperties": False,
                    "properties": {"kek": TEXT, "data": BYTES, "revision": COUNT},
                },
                "created_at": DATE,
                "updated_at": DATE,
                "expires_at": DATE,
                "due_at": DATE,
                "purge_after": DATE,
                "generation": COUNT,
                "sliding": COUNT,
                "holds": {"bsonType": "array"},
                "counts": {"bsonType": "object"},
                "authors": {"bsonType": "array", "items": {"bsonType": "string"}},
                "milestone": {"enum": [True]},
            },
            # A session without a key opens nothing: only one that ends may be so.
            "oneOf": [
                {
                    "properties": {"state": {"enum": ["live"]}},
                    "required": ["key"],
                },
                {"properties": {"state": {"enum": ["ending"]}}},
                {
                    "properties": {"state": {"enum": ["ended"]}},
                    "required": ["shredded"],
                    "not": {"required": ["key"]},
                },
            ],
        }
    },
    indexes=(
        # One live session a scope.
        IndexSpec(keys=("scope_key",), unique=True, partial={"state": "live"}),
        IndexSpec(keys=("scope_key", "created_at"), label="history"),
        IndexSpec(keys=("state", "due_at")),
        IndexSpec(keys=("state", "expires_at")),
        IndexSpec(keys=("key.kek",)),
        # By what sessions are listed.
        IndexSpec(keys=("created_at",)),
        IndexSpec(keys=("milestone", "created_at"), partial={"milestone": True}),
        IndexSpec(keys=("scope.repository", "created_at")),
        IndexSpec(keys=("authors", "created_at")),
        IndexSpec(keys=("holds.kind",)),
        IndexSpec(keys=("updated_at",)),
        IndexSpec(keys=("purge_after",), expire_after_seconds=0),
    ),
)
ITEMS_SPEC = CollectionSpec(
    name=ITEMS,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": [
                *("_id", "session", "seq", "kind", "source", "author", "at", "size"),
                *("epoch", "revision", "digest", "link"),
            ],
            "properties": {
                "_id": TEXT,
                "session": TEXT,
                "seq": {"bsonType": ["int", "long"], "minimum": 1},
                "kind": {
                    "enum": ["message", "summary", "snapshot", "preference", "marker"]
                },
                "at": DATE,
                "expires_at": DATE,
                "purge_after": DATE,
                "size": COUNT,
                "epoch": COUNT,
                "revision": {"bsonType": ["int", "long"], "minimum": 1},
                "digest": BYTES,
                "link": BYTES,
                "sealed": BYTES,
                "patch": {"bsonType": "object"},
                "erased": {"bsonType": "object"},
                "once": TEXT,
                "tombstones": {"bsonType": "array"},
            },
            # Sealed, erased, or a marker: there is no field for text in the clear.
            "oneOf": [
                {"required": ["sealed"], "not": {"required": ["erased"]}},
                {"required": ["erased"], "not": {"required": ["sealed"]}},
            ],
            "not": {
                "anyOf": [{"required": [name]} for name in ("content", "text", "value")]
            },
        }
    },
    indexes=(
        IndexSpec(keys=("session", "seq"), unique=True),
        IndexSpec(keys=("session", "expires_at")),
        # The name is a MAC with the session's key: no two sessions have the same.
        IndexSpec(keys=("once",), unique=True, sparse=True),
        IndexSpec(keys=("session",), partial={"kind": "marker"}, label="markers"),
        IndexSpec(keys=("purge_after",), expire_after_seconds=0),
    ),
)
CONTENTS_SPEC = CollectionSpec(
    name=CONTENTS,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "session", "size", "sealed", "stored_at"],
            "additionalProperties": False,
            "properties": {
                "_id": TEXT,
                "session": TEXT,
                "size": COUNT,
                "sealed": BYTES,
                "stored_at": DATE,
                "purge_after": DATE,
            },
        }
    },
    indexes=(
        IndexSpec(keys=("session",)),
        IndexSpec(keys=("purge_after",), expire_after_seconds=0),
    ),
)
