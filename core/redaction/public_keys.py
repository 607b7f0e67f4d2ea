"""Reads the public halves of the keys that sign what redactions leave behind."""

from core.redaction.signing import PublicKeys
from core.store.database import Database, translating

COLLECTION = "signing_keys"


async def public_keys(database: Database) -> PublicKeys:
    """Return every key that was ever used; raises StoreUnavailableError."""
    with translating():
        found = await database.db[COLLECTION].find({}, {"public": 1}).to_list(None)
    return PublicKeys({one["_id"]: bytes(one["public"]) for one in found})
