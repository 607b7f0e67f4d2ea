"""What stands beside a journal entry that was redacted: signed, and bound to it; pure.

The entry keeps its hash, by which the chain goes on, though its content is no longer
what was hashed. That somebody who may do so changed it, and to this, is what the
signature says: over the stream, the sequence, both hashes, the new content and the
redaction. So no tombstone fits another entry, or other content.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import rfc8785

from core.events import canonical
from core.events.base import JSON
from core.redaction.signing import PublicKeys, Signer

FIELD = "redacted"
SIGNED = ("at", "redaction", "events", "digest")
TOMBSTONE: dict[str, Any] = {
    "bsonType": "object",
    "required": [*SIGNED, "key", "signature"],
    "additionalProperties": False,
    "properties": {
        "at": {"bsonType": "string", "minLength": 20},
        "redaction": {"bsonType": "string", "minLength": 1},
        "events": {
            "bsonType": "array",
            "minItems": 1,
            "items": {"bsonType": ["int", "long"], "minimum": 0},
        },
        "digest": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
        "key": {"bsonType": "string", "minLength": 1},
        "signature": {"bsonType": "binData"},
    },
}


def tombstone(
    entry: JSON,
    hashes: tuple[str, str],
    *,
    redaction: str,
    events: Sequence[int],
    at: datetime,
    signer: Signer,
) -> JSON:
    """Return the tombstone of an entry as it is once `events` of it were cut.

    `entry` is what a hash would cover of it, `hashes` are the one before and its own.
    """
    made: JSON = {
        "at": at.isoformat(timespec="milliseconds"),
        "redaction": redaction,
        "events": sorted(events),
        "digest": _digest(entry),
    }
    signature = signer.sign(_statement(entry, hashes, made))
    return {**made, "key": signer.key_id, "signature": signature}


def fits(
    entry: JSON, hashes: tuple[str, str], found: Mapping[str, Any], known: PublicKeys
) -> bool:
    """Return whether a known key signed this tombstone for the entry as it is.

    Raises CanonicalizationError, ValueError for an entry without canonical JSON.
    """
    made = {name: found.get(name) for name in SIGNED}
    if made["digest"] != _digest(entry):
        return False
    try:
        data = _statement(entry, hashes, made)
    except (ValueError, rfc8785.CanonicalizationError):
        return False
    return known.signed(found.get("key"), found.get("signature"), data)


def _digest(entry: JSON) -> str:
    return hashlib.sha256(canonical.dumps(entry)).hexdigest()


def _statement(entry: JSON, hashes: tuple[str, str], made: Mapping[str, Any]) -> bytes:
    said = {
        "says": "nofx journal entry redacted",
        "stream": entry["stream"],
        "seq": entry["seq"],
        "prev_hash": hashes[0],
        "hash": hashes[1],
        **made,
    }
    return canonical.dumps(said)
