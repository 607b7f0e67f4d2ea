"""What the database itself demands of a delivery, and the indexes its readers use."""

from typing import Any

from bot.webhooks.delivery import DeliveryState
from bot.webhooks.news import Kind
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "deliveries"


def _shape(
    state: DeliveryState, *, required: tuple[str, ...], absent: tuple[str, ...]
) -> dict[str, Any]:
    """Return the schema of one state: which fields come with it and which never do."""
    return {
        "properties": {"state": {"enum": [state.value]}},
        "required": list(required),
        "not": {"anyOf": [{"required": [name]} for name in absent]},
    }


VALIDATOR: dict[str, Any] = {
    "$jsonSchema": {
        "bsonType": "object",
        "additionalProperties": False,
        "required": [
            "_id",
            "event",
            "body",
            "digest",
            "received_at",
            "state",
            "attempts",
            "excused",
            "due_at",
        ],
        "properties": {
            "_id": {"bsonType": "string", "minLength": 1, "maxLength": 100},
            "event": {"bsonType": "string", "minLength": 1, "maxLength": 64},
            "action": {"bsonType": "string"},
            "repository": {"bsonType": "string"},
            "pull": {"bsonType": ["int", "long"]},
            "installation_id": {"bsonType": ["int", "long"]},
            # What is to be told of it, and which process is to do that.
            "announce": {"bsonType": "string", "minLength": 1},
            "untold": {
                "bsonType": "array",
                "minItems": 1,
                "items": {
                    "bsonType": "object",
                    "additionalProperties": False,
                    "required": ["kind", "at"],
                    "properties": {
                        "kind": {"enum": [kind.value for kind in Kind]},
                        "at": {"bsonType": "date"},
                        "reason": {"bsonType": "string"},
                        "attempts": {"bsonType": "int"},
                    },
                },
            },
            "body": {"bsonType": "binData"},
            "digest": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
            "received_at": {"bsonType": "date"},
            "state": {"enum": [state.value for state in DeliveryState]},
            "reason": {"bsonType": "string", "minLength": 1},
            "attempts": {"bsonType": "int", "minimum": 0},
            "excused": {"bsonType": "int", "minimum": 0},
            "due_at": {"bsonType": "date"},
            "purge_after": {"bsonType": "date"},
            "lease": {
                "bsonType": "object",
                "additionalProperties": False,
                "required": ["owner", "token", "until"],
                "properties": {
                    "owner": {"bsonType": "string"},
                    "token": {"bsonType": "string"},
                    "until": {"bsonType": "date"},
                },
            },
        },
        # A lease means work in hand; a purge date means an end. An open delivery has
        # no purge date, so that however long the workers are away it is not lost.
        "oneOf": [
            _shape(
                DeliveryState.RECEIVED, required=(), absent=("lease", "purge_after")
            ),
            _shape(
                DeliveryState.PROCESSING, required=("lease",), absent=("purge_after",)
            ),
            _shape(DeliveryState.DONE, required=("purge_after",), absent=("lease",)),
            _shape(
                DeliveryState.IGNORED,
                required=("purge_after", "reason"),
                absent=("lease",),
            ),
            _shape(
                DeliveryState.DEAD,
                required=("purge_after", "reason"),
                absent=("lease",),
            ),
        ],
    }
}

DELIVERIES = CollectionSpec(
    name=COLLECTION,
    validator=VALIDATOR,
    indexes=(
        # What is due, state by state; the range stands last.
        IndexSpec(keys=("state", "due_at")),
        IndexSpec(keys=("purge_after",), expire_after_seconds=0),
        IndexSpec(keys=("announce",), sparse=True),
    ),
)
