"""What stands in the place of a blob that was redacted: signed, and bound to it; pure.

It has the blob's name, for histories name it, and nothing that tells of its content.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.redaction.signing import PublicKeys, Signer
from core.store.digests import canonical

SIGNED = ("at", "redaction")


def tombstone(
    digest: str, *, redaction: str, at: datetime, signer: Signer
) -> dict[str, Any]:
    """Return what stands for a blob from now on."""
    made = {"at": at.isoformat(timespec="milliseconds"), "redaction": redaction}
    signature = signer.sign(_statement(digest, made))
    return {**made, "key": signer.key_id, "signature": signature}


def fits(found: Mapping[str, Any], known: PublicKeys) -> bool:
    """Return whether a known key signed the tombstone of `digest` that it names."""
    data = _statement(found.get("digest"), found)
    return known.signed(found.get("key"), found.get("signature"), data)


def _statement(digest: object, made: Mapping[str, Any]) -> bytes:
    said = {name: str(made.get(name)) for name in SIGNED}
    return canonical({"says": "nofx blob redacted", "digest": str(digest), **said})
