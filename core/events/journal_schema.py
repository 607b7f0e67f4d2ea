"""What the database knows of the journal: its indexes, and what it refuses to store."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.events.tombstones import FIELD, TOMBSTONE
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "journal"
Row = tuple[str, str | None, str]


def collection(
    machines: Mapping[str, Iterable[Row]], statuses: Mapping[str, Sequence[str]]
) -> CollectionSpec:
    """Describe the journal: its indexes, and what the database refuses to store in it.

    `machines` gives, for each event type that moves something, the allowed rows
    `(transition, from, to)`; `statuses` the event types that move a stream's own
    status, by the stream's prefix.
    """
    return CollectionSpec(
        name=COLLECTION,
        validator={
            "$and": [
                {"$jsonSchema": SHAPE},
                {"$expr": KEY_MATCHES},
                {"$expr": _moves_are_rows(machines, statuses)},
                _begins_once(statuses),
            ]
        },
        indexes=(
            # That a stream's sequence is given once, `_id` sees to.
            IndexSpec(keys=("stream",)),
            IndexSpec(keys=("writer", "wseq"), unique=True),
        ),
        retired=("stream_1_seq_1",),
    )


HASH = {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"}
COUNT = {"bsonType": ["int", "long"], "minimum": 1}
STATUS = {"bsonType": ["string", "null"], "minLength": 1}
SHAPE: dict[str, Any] = {
    "bsonType": "object",
    "required": [
        *("_id", "stream", "seq", "writer", "wseq", "time", "fence"),
        *("from", "to", "events", "prev_hash", "hash"),
    ],
    "additionalProperties": False,
    "properties": {
        "_id": {"bsonType": "string"},
        "stream": {"bsonType": "string", "minLength": 3},
        "seq": COUNT,
        "writer": {"bsonType": "string", "minLength": 3},
        "wseq": COUNT,
        "time": {"bsonType": "date"},
        "fence": {"bsonType": ["int", "long"], "minimum": 0},
        "from": STATUS,
        "to": STATUS,
        "events": {
            "bsonType": "array",
            "minItems": 1,
            "items": {
                "bsonType": "object",
                "required": ["type", "data"],
                "additionalProperties": False,
                "properties": {
                    "type": {
                        "bsonType": "string",
                        "pattern": r"^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$",
                    },
                    "data": {"bsonType": "object"},
                },
            },
        },
        "state": {"bsonType": "object"},
        FIELD: TOMBSTONE,
        "prev_hash": HASH,
        "hash": HASH,
    },
}
KEY_MATCHES = {"$eq": ["$_id", {"$concat": ["$stream", ":", {"$toString": "$seq"}]}]}


def _moves_are_rows(
    machines: Mapping[str, Iterable[Row]], statuses: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Demand that each move is a row, and follow the stream's own to the commit's `to`.

    One pass over the events with few operators: the embedded server spends most of an
    insert on this. What is broken becomes `false`, which no status can equal again.
    """
    own = [kind for listed in statuses.values() for kind in listed]
    kinds = [*own, *(kind for kind in machines if kind not in own)]
    rows = [
        f"{kind}|{name}|{from_ or ''}|{to}"
        for kind, table in machines.items()
        for name, from_, to in table
    ]
    from_ = {"$ifNull": ["$$this.data.from", ""]}
    row = ("$$this.type", "|", "$$this.data.transition", "|", from_, "|")
    known = _place(rows, {"$concat": [*row, "$$this.data.to"]})
    kind = _place(kinds, "$$this.type")
    joins = {"$cond": [{"$eq": [from_, "$$value"]}, "$$this.data.to", False]}
    moved = {"$cond": [{"$gte": [kind, len(own)]}, "$$value", joins]}
    legal = {"$cond": [{"$eq": [known, -1]}, False, moved]}
    end = {
        "$reduce": {
            "input": "$events",
            "initialValue": {"$ifNull": ["$from", ""]},
            "in": {"$cond": [{"$eq": [kind, -1]}, "$$value", legal]},
        }
    }
    return _where_events({"$eq": [end, {"$ifNull": ["$to", ""]}]})


def _place(texts: Sequence[str], text: object) -> dict[str, Any]:
    """Return where `text` stands in the list, -1 when it does not.

    Unlike `$in` and `$setIsSubset` the embedded server does this without a call for
    each text of the list.
    """
    return {"$indexOfArray": [{"$literal": list(texts)}, text]}


def _begins_once(prefixes: Iterable[str]) -> dict[str, Any]:
    """Demand that a stream has a status from its second entry on, or never has one."""
    moving = {"$regex": f"^({'|'.join(map(re.escape, prefixes))})/"}
    status = {"$type": "string"}
    return {
        "$or": [
            {"stream": moving, "seq": {"$gt": 1}, "from": status, "to": status},
            {"stream": moving, "seq": 1, "from": None, "to": status},
            {"stream": {"$not": moving}, "from": None, "to": None},
        ]
    }


def _where_events(expression: dict[str, Any]) -> dict[str, Any]:
    # The embedded server tries an expression on an empty document when installing it.
    return {"$cond": [{"$isArray": ["$events"]}, expression, False]}
