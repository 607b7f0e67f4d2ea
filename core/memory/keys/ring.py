"""The keyring: which keys count, which one wraps, and proof that each is itself.

Rotation goes in four steps, with the service running: a key is *added* everywhere,
*promoted* to wrap what is new, everything older is *re-wrapped* with it, and the old
one is *retired*. What the ring knows of a key lies in the database beside what was
wrapped, so all processes agree; the keys themselves never do.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.clock import Clock
from core.errors import (
    MemoryKeyMissingError,
    MemoryKeyRetiredError,
    MemoryKeyWishError,
)
from core.memory.envelope import FORMAT, framed, new_key
from core.memory.keys.provider import KeyProvider
from core.memory.model import WrappedKey
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "memory_keys"
CANARY = b"nofx canary: this key is the one that it says it is"
KeyState = Literal["added", "active", "retired"]
KEYS = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "state", "canary", "added_at"],
            "additionalProperties": False,
            "properties": {
                "_id": {"bsonType": "string", "minLength": 1, "maxLength": 2048},
                "state": {"enum": ["added", "active", "retired"]},
                "canary": {"bsonType": "binData"},
                "added_at": {"bsonType": "date"},
                "promoted_at": {"bsonType": "date"},
                "retired_at": {"bsonType": "date"},
            },
        }
    },
    # At most one key wraps what is new.
    indexes=(IndexSpec(keys=("state",), unique=True, partial={"state": "active"}),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """What the database knows of a key; `canary` was wrapped with it when it came."""

    id: str
    state: KeyState
    canary: bytes
    added_at: datetime
    promoted_at: datetime | None = None
    retired_at: datetime | None = None


class KeyRing:
    """Wraps sessions' keys with the active key, and unwraps by the id beside them.

    A key is chosen by its id, never by trial. Every method raises what the provider
    raises, and StoreUnavailableError.
    """

    def __init__(
        self, database: Database, provider: KeyProvider, *, clock: Clock
    ) -> None:
        self._keys = database.db[COLLECTION]
        self.provider = provider
        self._clock = clock
        self._proved = False

    async def ready(self) -> None:
        """Open the ring once; until that succeeds, nothing is wrapped or unwrapped."""
        if not self._proved:
            await self.open()
            self._proved = True

    async def open(self) -> str:
        """Prove each key that is needed by its canary; returns the active one's id.

        The first start makes the provider's first key the active one. Raises
        MemoryKeyMissingError and MemoryKeyWrongError: then nothing may be written.
        """
        known = await self.all()
        if not known:
            ids = await self.provider.ids()
            if not ids:
                raise MemoryKeyMissingError(key_id="(any)")
            await self.add(ids[0])
            await self.promote(ids[0])
            return ids[0]
        for key in known:
            if key.state != "retired":
                await self._prove(key)
        return (await self._active()).id

    async def all(self) -> tuple[RingKey, ...]:
        """Return every key that was ever added, oldest first."""
        with translating():
            found = await self._keys.find({}).to_list(None)
        return tuple(sorted(map(_key, found), key=lambda one: (one.added_at, one.id)))

    async def get(self, key_id: str) -> RingKey | None:
        """Return what is known of a key."""
        with translating():
            found = await self._keys.find_one({"_id": key_id})
        return _key(found) if found else None

    async def add(self, key_id: str) -> RingKey:
        """Make a key known, with a canary that proves it; once is enough."""
        canary = await self.provider.wrap(key_id, CANARY, _context(key_id, "canary"))
        document: Document = {
            "_id": key_id,
            "state": "added",
            "canary": canary,
            "added_at": self._clock.now(),
        }
        with translating():
            try:
                await self._keys.insert_one(document)
            except DuplicateKeyError:
                found = await self._keys.find_one({"_id": key_id})
                if found is None:
                    raise
                await self._prove(_key(found))
                return _key(found)
        return _key(document)

    async def promote(self, key_id: str) -> None:
        """Wrap what is new with this key from now on; raises MemoryKeyWishError."""
        known = await self.get(key_id)
        if known is None or known.state == "retired":
            reason = "it was retired" if known else "it was not added"
            raise MemoryKeyWishError(key_id=key_id, wish="promoted", reason=reason)
        if known.state == "active":
            return
        await self._prove(known)
        now = self._clock.now()
        with translating():
            await self._keys.update_one(
                {"state": "active"}, {"$set": {"state": "added"}}
            )
            await self._keys.update_one(
                {"_id": key_id}, {"$set": {"state": "active", "promoted_at": now}}
            )

    async def wrap(self, secret: bytes, context: bytes) -> WrappedKey:
        """Wrap a session's key with the active key."""
        await self.ready()
        active = await self._active()
        data = await self.provider.wrap(active.id, secret, _context(active.id, context))
        return WrappedKey(kek=active.id, data=data)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """Return a session's key; raises MemoryKeyRetiredError too."""
        await self.ready()
        known = await self.get(wrapped.kek)
        if known is not None and known.state == "retired":
            raise MemoryKeyRetiredError(key_id=wrapped.kek)
        return await self.provider.unwrap(
            wrapped.kek, wrapped.data, _context(wrapped.kek, context)
        )

    async def _active(self) -> RingKey:
        with translating():
            found = await self._keys.find_one({"state": "active"})
        if found is None:
            raise MemoryKeyMissingError(key_id="(active)")
        return _key(found)

    async def _prove(self, key: RingKey) -> None:
        context = _context(key.id, "canary")
        await self.provider.unwrap(key.id, key.canary, context)


def new_session_key() -> bytes:
    """Return a fresh key for one session."""
    return new_key()


def _context(key_id: str, what: str | bytes) -> bytes:
    part = what.encode() if isinstance(what, str) else what
    return framed(FORMAT, key_id.encode(), part)


def _key(found: Document) -> RingKey:
    return RingKey(
        id=found["_id"],
        state=found["state"],
        canary=bytes(found["canary"]),
        added_at=found["added_at"],
        promoted_at=found.get("promoted_at"),
        retired_at=found.get("retired_at"),
    )
