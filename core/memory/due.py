"""Finds what is due in the sessions, lets one worker have it, and keeps where it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.memory.documents import session_from
from core.memory.expiry import Alerted, Standing
from core.memory.model import Session
from core.memory.schema import CONTENTS, ITEMS, SESSIONS
from core.store.database import Collection, Database, Document, translating

STATES = ("live", "ending", "ended")
FIELD = "mortality"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a session ends; `key_gone_at` once nothing opens its contents any more."""

    reason: str
    actor: str
    why: str
    at: datetime
    key_gone_at: datetime | None = None


EXPIRED: Document = {"reason": "expired", "actor": "nofx", "why": ""}


def closing(ending: Document, now: datetime) -> Document:
    """Return the fields by which a session takes no items any more, and is due."""
    return {"state": "ending", "due_at": now, f"{FIELD}.ending": {**ending, "at": now}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Items that are being erased: decided, and not to be held any more."""

    seqs: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mortal:
    """A session with what is known of its end.

    `begun_at` is when its generation began, `days` which alert went out for the items
    that end on a day, `due_at` when it is to be looked at. `untold` is what somebody
    did to it, until the journal and the audit have it.
    """

    session: Session
    due_at: datetime | None
    begun_at: datetime
    alerted: Alerted | None = None
    days: Mapping[int, Alerted] = field(default_factory=dict)
    ending: Ending | None = None
    erasing: Erasing | None = None
    purge_after: datetime | None = None
    untold: Mapping[str, str] | None = None

    def standing(self) -> Standing:
        """Return how the session itself stands."""
        one = self.session
        life = one.expires_at - self.begun_at
        return Standing(
            expires_at=one.expires_at,
            generation=one.generation,
            life=timedelta(seconds=one.sliding) if one.sliding else life,
            alerted=self.alerted,
        )


class DueStore:
    """Reads and claims by index; every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._sessions: Collection = database.db[SESSIONS]
        self._items: Collection = database.db[ITEMS]
        self._contents: Collection = database.db[CONTENTS]

    async def candidates(self, now: datetime, most: int) -> list[str]:
        """Return some sessions that are due."""
        found: list[Document] = []
        for state in STATES:
            wanted = {"state": state, "due_at": {"$lte": now}}
            cursor = self._sessions.find(wanted, {"_id": 1}, batch_size=most)
            with translating():
                found += await cursor.to_list(most)
        return [str(one["_id"]) for one in found]

    async def oldest_due(self, now: datetime) -> datetime | None:
        """Return since when the longest waiting one has been due."""
        oldest: list[datetime] = []
        for state in STATES:
            wanted = {"state": state, "due_at": {"$lte": now}}
            with translating():
                found = await self._sessions.find(wanted, {"due_at": 1}).to_list(None)
            oldest += [one["due_at"] for one in found]
        return min(oldest, default=None)

    async def mortal(self, session_id: str) -> Mortal | None:
        """Return a session with what is known of its end, None when it is gone."""
        with translating():
            found = await self._sessions.find_one({"_id": session_id})
        return mortal_from(found) if found else None

    async def in_state(self, state: str, before: datetime) -> tuple[Session, ...]:
        """Return the sessions in a state that end until then."""
        wanted = {"state": state, "expires_at": {"$lte": before}}
        with translating():
            found = await self._sessions.find(wanted).to_list(None)
        return tuple(session_from(one) for one in found)

    async def census(self) -> list[tuple[str, str, datetime | None]]:
        """Return state, scope's kind and end of each session that has not ended.

        What is held has no end.
        """
        told: list[tuple[str, str, datetime | None]] = []
        shown = {"scope.kind": 1, "expires_at": 1, "holds": 1}
        for state in STATES[:2]:
            with translating():
                found = await self._sessions.find({"state": state}, shown).to_list(None)
            told += [
                (
                    state,
                    one["scope"]["kind"],
                    None if one["holds"] else one["expires_at"],
                )
                for one in found
            ]
        return told

    async def claim(self, mortal: Mortal, holder: str, until: datetime) -> bool:
        """Have a session until then, unless another has it or it was put off."""
        seen = {"_id": mortal.session.id, "due_at": mortal.due_at}
        change = {"$set": {"due_at": until, f"{FIELD}.holder": holder}}
        with translating():
            done = await self._sessions.update_one(seen, change)
        return bool(done.matched_count)

    async def put_off(self, session_id: str, claimed: datetime, due: datetime) -> None:
        """Let go of a session until then; who made it due meanwhile is heard."""
        seen = {"_id": session_id, "due_at": claimed}
        change = {"$set": {"due_at": due}, "$unset": {f"{FIELD}.holder": ""}}
        with translating():
            await self._sessions.update_one(seen, change)

    async def told(self, session_id: str, untold: Mapping[str, str]) -> None:
        """Record that the journal and the audit have what was done."""
        seen = {"_id": session_id, f"{FIELD}.untold.id": untold["id"]}
        with translating():
            await self._sessions.update_one(seen, {"$unset": {f"{FIELD}.untold": ""}})

    async def drop(self, session_id: str) -> None:
        """Delete the tombstone of a session."""
        with translating():
            await self._sessions.delete_one({"_id": session_id, "state": "ended"})

    async def ending_items(
        self, session_id: str, before: datetime | None
    ) -> list[Document]:
        """Return what is known of items that end until then; of all with None."""
        wanted: Document = {"session": session_id}
        if before is not None:
            wanted["expires_at"] = {"$lte": before}
        shown = dict.fromkeys(("seq", "kind", "at", "expires_at", "erased"), 1)
        with translating():
            found = await self._items.find(wanted, shown).to_list(None)
        kept = [one for one in found if "erased" not in one]
        return sorted(kept, key=lambda one: int(one["seq"]))

    async def put_items_off(
        self,
        session_id: str,
        seqs: Sequence[int],
        end: datetime,
        *,
        gone: Sequence[int] = (),
    ) -> None:
        """Let items that end sooner live until then; all of a session without seqs.

        Those that are `gone` are being erased already.
        """
        wanted: Document = {"session": session_id, "expires_at": {"$lt": end}}
        if gone and not seqs:
            wanted["seq"] = {"$nin": list(gone)}
        if seqs:
            wanted["seq"] = {"$in": list(seqs)}
        with translating():
            await self._items.update_many(wanted, {"$set": {"expires_at": end}})

    async def blank(
        self, session_id: str, erased: Document, seqs: Sequence[int] | None = None
    ) -> int:
        """Take the contents out of items, all of them without seqs; return how many.

        Their places stay taken, so that who appends with an old end collides.
        """
        wanted: Document = {"session": session_id, "sealed": {"$exists": True}}
        if seqs is not None:
            wanted["seq"] = {"$in": list(seqs)}
        gone = dict.fromkeys(("sealed", "patch", "blobs", "expires_at"), "")
        change = {"$set": {"erased": erased}, "$unset": gone}
        with translating():
            done = await self._items.update_many(wanted, change)
        return int(done.modified_count)

    async def strip(self, session_id: str, purge_after: datetime) -> None:
        """Leave of a session's blank items their places alone."""
        gone = dict.fromkeys(("refs", "lineage", "role", "redacts", "once"), "")
        kept = {"author": "", "purge_after": purge_after}
        with translating():
            await self._items.update_many(
                {"session": session_id}, {"$set": kept, "$unset": gone}
            )

    async def drop_contents(self, session_id: str) -> int:
        """Delete the workspace's contents of a session; return how many there were."""
        with translating():
            done = await self._contents.delete_many({"session": session_id})
        return int(done.deleted_count)

    async def drop_unnamed(self, session_id: str, before: datetime) -> int:
        """Delete the contents, stored before then, that no item names any more."""
        with translating():
            items = await self._items.find(
                {"session": session_id}, {"blobs": 1}
            ).to_list(None)
            contents = await self._contents.find(
                {"session": session_id}, {"stored_at": 1}
            ).to_list(None)
        named = {blob for one in items for blob in one.get("blobs", ())}
        unnamed = [
            one["_id"]
            for one in contents
            if one["stored_at"] < before and not _names(one["_id"]) & named
        ]
        for content in unnamed:
            with translating():
                await self._contents.delete_one({"_id": content})
        return len(unnamed)

    async def drop_items(self, session_id: str) -> int:
        """Delete what is left of the items of a session; return how many there were."""
        with translating():
            done = await self._items.delete_many({"session": session_id})
        return int(done.deleted_count)

    async def orphans(self) -> tuple[str, ...]:
        """Return the sessions that are gone and have left items or contents."""
        with translating():
            named = set(await self._items.distinct("session"))
            named |= set(await self._contents.distinct("session"))
        gone = []
        for session_id in sorted(named):
            with translating():
                found = await self._sessions.find_one({"_id": session_id}, {"_id": 1})
            if found is None:
                gone.append(session_id)
        return tuple(gone)


def mortal_from(found: Document) -> Mortal:
    """Read a session with what is known of its end."""
    told: Document = found.get(FIELD, {})
    ending, erasing, alerted = (
        told.get(name) for name in ("ending", "erasing", "alerted")
    )
    return Mortal(
        session=session_from(found),
        due_at=found.get("due_at"),
        begun_at=told.get("begun_at") or found["created_at"],
        alerted=Alerted(**alerted) if alerted else None,
        days={int(day): Alerted(**one) for day, one in told.get("days", {}).items()},
        ending=Ending(**ending) if ending else None,
        erasing=Erasing(seqs=tuple(erasing["seqs"]), at=erasing["at"])
        if erasing
        else None,
        purge_after=found.get("purge_after"),
        untold=told.get("untold"),
    )


def alerted_document(alerted: Alerted) -> Document:
    """Return an alert as it is stored."""
    fields: dict[str, Any] = {
        "threshold": alerted.threshold,
        "expires_at": alerted.expires_at,
        "at": alerted.at,
    }
    return fields


def _names(content_id: str) -> set[str]:
    return {content_id, content_id.rpartition(":")[2]}
