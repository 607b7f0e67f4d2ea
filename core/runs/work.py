"""Work that was done before: its result by the digest of all that went into it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NewType

from core.clock import Clock
from core.events.base import JSON
from core.store.database import Database, DuplicateKeyError, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "work"
KEPT = timedelta(days=30)
LARGEST = 256 * 1024
Key = NewType("Key", str)
WORK = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "kind", "run_id", "result", "purge_after"],
            "additionalProperties": False,
            "properties": {
                "_id": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
                "kind": {"bsonType": "string", "minLength": 1},
                "run_id": {"bsonType": "string", "minLength": 1},
                "result": {"bsonType": "string"},
                "purge_after": {"bsonType": "date"},
            },
        }
    },
    indexes=(IndexSpec(keys=("purge_after",), expire_after_seconds=0),),
)


def key_of(parts: Iterable[str | bytes]) -> Key:
    """Return the name of work by everything that its result depends on, in order."""
    digest = hashlib.sha256()
    for part in parts:
        data = _bytes(part)
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return Key(digest.hexdigest())


def _bytes(part: str | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")


class Work:
    """Remembers results for thirty days; every method raises StoreUnavailableError.

    To forget one costs doing the work again, and nothing else.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._work = database.db[COLLECTION]
        self._clock = clock

    async def done(self, keys: Iterable[Key]) -> dict[Key, JSON]:
        """Return the results that are known and not yet expired."""
        now = self._clock.now()
        with translating():
            found = await self._work.find({"_id": {"$in": list(keys)}}).to_list(None)
        return {
            Key(one["_id"]): json.loads(one["result"])
            for one in found
            if one["purge_after"] > now
        }

    async def keep(self, kind: str, run_id: str, results: Mapping[Key, Any]) -> None:
        """Remember results of one kind of work; those above 256 KiB are not kept."""
        purge_after = self._clock.now() + KEPT
        for key, result in results.items():
            text = json.dumps(result)
            if len(text) > LARGEST:
                continue
            fields = {"kind": kind, "run_id": run_id, "result": text}
            with translating():
                try:
                    await self._work.insert_one(
                        {"_id": key, **fields, "purge_after": purge_after}
                    )
                except DuplicateKeyError:  # it was done by another at this moment
                    continue

    async def forget(self, keys: Iterable[Key], *, but_of: str) -> None:
        """Forget results, save those that the run `but_of` itself has made."""
        wanted = list(keys)
        with translating():
            found = await self._work.find({"_id": {"$in": wanted}}).to_list(None)
            gone = [one["_id"] for one in found if one["run_id"] != but_of]
            await self._work.delete_many({"_id": {"$in": gone}})
