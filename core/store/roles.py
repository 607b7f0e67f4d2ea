"""Named roles that one process holds at a time: a lease, and a fence that grows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.clock import Clock
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec

COLLECTION = "roles"
ROLES = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "holder", "fence", "until", "note"],
            "additionalProperties": False,
            "properties": {
                "_id": {"bsonType": "string", "minLength": 1},
                "holder": {"bsonType": "string"},
                "fence": {"bsonType": ["int", "long"], "minimum": 1},
                "until": {"bsonType": "date"},
                "note": {"bsonType": "object"},
            },
        }
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A role that is ours until `until`; `fence` is higher than any holder's before."""

    role: str
    holder: str
    fence: int
    until: datetime
    note: Mapping[str, Any] = field(default_factory=dict)


class Roles:
    """Takes, renews and releases roles.

    The lease ends by each process's own clock. A clock that is wrong only makes a role
    change hands too early or too late: what a holder writes must be safe without the
    lease, by a fence or a unique key. Every method raises StoreUnavailableError.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._roles = database.db[COLLECTION]
        self._clock = clock

    async def take(self, role: str, holder: str, seconds: float) -> Lease | None:
        """Return the lease when the role is free or its lease has run out, else None.

        `note` of the lease is what the last holder left there.
        """
        found = await self._find(role)
        now = self._clock.now()
        until = now + timedelta(seconds=seconds)
        if found is None:
            return await self._begin(role, holder, until)
        if found["until"] > now:
            return None
        seen, fence = found["fence"], found["fence"] + 1
        change = {"$set": {"holder": holder, "until": until, "fence": fence}}
        with translating():
            key = {"_id": role, "fence": seen, "until": found["until"]}
            done = await self._roles.update_one(key, change)
        if not done.matched_count:
            return None
        note = found["note"]
        return Lease(role=role, holder=holder, fence=fence, until=until, note=note)

    async def renew(
        self, lease: Lease, seconds: float, note: Mapping[str, Any] | None = None
    ) -> Lease | None:
        """Return the lease for `seconds` from now, None when another has the role.

        `note`, when given, takes the place of what stood there.
        """
        until = self._clock.now() + timedelta(seconds=seconds)
        left = dict(lease.note if note is None else note)
        with translating():
            done = await self._roles.update_one(
                {"_id": lease.role, "fence": lease.fence},
                {"$set": {"until": until, "note": left}},
            )
        return replace(lease, until=until, note=left) if done.matched_count else None

    async def release(
        self, lease: Lease, note: Mapping[str, Any] | None = None
    ) -> None:
        """Let the next process take the role at once; nothing when it is another's.

        The document stays, or the fence would begin again at 1.
        """
        await self.renew(lease, 0.0, note)

    async def hasten(self, role: str, seconds: float) -> None:
        """Let a role be free in `seconds` at the latest, whoever has it until when."""
        until = self._clock.now() + timedelta(seconds=seconds)
        with translating():
            await self._roles.update_one({"_id": role}, {"$min": {"until": until}})

    async def note(self, role: str) -> Mapping[str, Any]:
        """Return what the role's holder last left there; empty when never held."""
        found = await self._find(role)
        return found["note"] if found else {}

    async def _find(self, role: str) -> Document | None:
        with translating():
            found: Document | None = await self._roles.find_one({"_id": role})
        return found

    async def _begin(self, role: str, holder: str, until: datetime) -> Lease | None:
        fields = {"holder": holder, "fence": 1, "until": until, "note": {}}
        with translating():
            try:
                await self._roles.insert_one({"_id": role, **fields})
            except DuplicateKeyError:
                return None
        return Lease(role=role, holder=holder, fence=1, until=until)
