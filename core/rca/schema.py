"""What the database demands of bundles and of their parts."""

from typing import Any

from core.rca.kept import State
from core.store.schema import CollectionSpec, IndexSpec

BUNDLES = "bundles"
PARTS = "bundle_parts"
PART = 1024 * 1024
NUMBER = {"bsonType": ["int", "long"], "minimum": 0}
TEXT = {"bsonType": "string"}
WHEN = {"bsonType": "date"}
# What a bundle has from its builder.
MADE = ("name", "size", "sha256", "members", "cause", "sentence", "confidence")

_BUNDLE: dict[str, Any] = {
    "bsonType": "object",
    "required": [
        *("_id", "run_id", "repository", "pull", "seq", "state", "attempt"),
        *("holder", "tries", "begun_at", "until"),
    ],
    "additionalProperties": False,
    "properties": {
        "_id": {"bsonType": "string", "pattern": r"^run_[0-9a-z]+:[0-9]+$"},
        "run_id": {"bsonType": "string", "minLength": 1},
        "repository": TEXT,
        "pull": NUMBER,
        "seq": NUMBER,
        "state": {"enum": [str(one) for one in State]},
        "attempt": {"bsonType": "string", "minLength": 1},
        "holder": TEXT,
        "tries": NUMBER,
        "begun_at": WHEN,
        "until": WHEN,
        "name": {"bsonType": "string", "minLength": 1},
        "size": NUMBER,
        "sha256": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
        "members": NUMBER,
        "cause": TEXT,
        "sentence": TEXT,
        "confidence": TEXT,
        "next_action": TEXT,
        "errors": {"bsonType": "array", "items": TEXT},
        "reason": TEXT,
        "as_of": WHEN,
        "built_at": WHEN,
        "purge_after": WHEN,
    },
    "oneOf": [
        {
            "properties": {"state": {"enum": [str(State.BUILT)]}},
            "required": [*MADE, "built_at", "as_of"],
        },
        {
            "properties": {
                "state": {"enum": [str(one) for one in State if one != State.BUILT]}
            },
            "not": {"required": ["built_at"]},
        },
    ],
}

SPECS = (
    CollectionSpec(
        name=BUNDLES,
        validator={"$jsonSchema": _BUNDLE},
        indexes=(
            IndexSpec(keys=("run_id",)),
            IndexSpec(keys=("repository",)),
            IndexSpec(keys=("attempt",)),
            IndexSpec(keys=("state",)),
            IndexSpec(keys=("purge_after",), expire_after_seconds=0),
        ),
    ),
    CollectionSpec(
        name=PARTS,
        validator={
            "$jsonSchema": {
                "bsonType": "object",
                "required": ["_id", "attempt", "n", "data"],
                "additionalProperties": False,
                "properties": {
                    "_id": {"bsonType": "string", "pattern": r"^.+:[0-9]{6}$"},
                    "attempt": {"bsonType": "string", "minLength": 1},
                    "n": NUMBER,
                    "data": {"bsonType": "binData"},
                    "purge_after": WHEN,
                },
            }
        },
        indexes=(
            IndexSpec(keys=("attempt",)),
            IndexSpec(keys=("n",)),
            IndexSpec(keys=("purge_after",), expire_after_seconds=0),
        ),
    ),
)
