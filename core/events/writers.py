"""Which names stand in the journal as writers, so that the feeder finds each log."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal

from core.clock import Clock
from core.events.commit import Commit, Draft
from core.events.schema import WriterRetired
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "writers"
KEEP = timedelta(days=30)
WRITERS = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "live", "registered_at"],
            "additionalProperties": False,
            "properties": {
                "_id": {"bsonType": "string", "minLength": 3},
                "live": {"bsonType": "bool"},
                "registered_at": {"bsonType": "date"},
                "purge_after": {"bsonType": "date"},
            },
        }
    },
    indexes=(
        IndexSpec(keys=("live",)),
        IndexSpec(keys=("purge_after",), expire_after_seconds=0),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A name under which a process may be appending."""

    name: str
    registered_at: datetime


class Writers:
    """The register of writers; every method raises StoreUnavailableError.

    A name is registered before the first append under it, and retired once the entry
    that ends its log stands in a page of the feed. From then on it is kept a while, so
    that a registration that arrives twice cannot bring it back.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._writers = database.db[COLLECTION]
        self._clock = clock

    async def register(self, name: str) -> None:
        """Make a new name known to the feeder; again is nothing."""
        fields: Document = {
            "_id": name,
            "live": True,
            "registered_at": self._clock.now(),
        }
        with translating():
            try:
                await self._writers.insert_one(fields)
            except DuplicateKeyError:
                return

    async def live(self) -> tuple[Writer, ...]:
        """Return every writer whose log may still grow."""
        with translating():
            found = await self._writers.find({"live": True}).to_list(None)
        return tuple(
            Writer(name=one["_id"], registered_at=one["registered_at"]) for one in found
        )

    async def is_live(self, name: str) -> bool:
        """Return whether this writer's log may still grow."""
        with translating():
            found = await self._writers.find_one({"_id": name})
        return bool(found and found["live"])

    async def retire(self, name: str) -> None:
        """Record that the feed holds this writer's log to its end."""
        purge_after = self._clock.now() + KEEP
        change = {"$set": {"live": False, "purge_after": purge_after}}
        with translating():
            await self._writers.update_one({"_id": name}, change)


def last_words(
    writer: str, *, time: datetime, reason: Literal["closed", "silent"]
) -> Draft:
    """Return the entry that ends a writer's log.

    It takes the writer's next number, and a number is given once: whoever still thinks
    that it is this writer is refused from then on.
    """
    event = WriterRetired(writer=writer, reason=reason)
    return Draft(stream=f"writer/{writer}", seq=1, time=time, events=(event,))


def sealing(draft: Draft, writer: str, wseq: int) -> Commit:
    """Return `draft` as the entry of another writer, at its number `wseq`."""
    values = {field.name: getattr(draft, field.name) for field in fields(Draft)}
    return Commit(**values, writer=writer, wseq=wseq, stored_hash=draft.hash())
