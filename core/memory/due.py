"""Finds what is due in the sessions, lets one worker have it, and keeps where it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.memory.documents import session_from
from core.memory.model import Session
from core.memory.mortal import FIELD, Mortal, mortal_from
from core.memory.schema import CONTENTS, ITEMS, SESSIONS
from core.store.database import (
    Collection,
    Database,
    Document,
    UpdateOne,
    translating,
)

STATES = ("live", "ending", "ended")


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
        chosen = [
            one["_id"]
            for one in await self.ending_items(session_id, end)
            if one["seq"] not in gone and (not seqs or one["seq"] in seqs)
        ]
        await self._update_items(chosen, {"$set": {"expires_at": end}})

    async def _update_items(self, ids: Sequence[str], change: Document) -> int:
        """Change items by their ids, for more conditions would not use an index."""
        if not ids:
            return 0
        writes = [UpdateOne({"_id": one}, change) for one in ids]
        with translating():
            done = await self._items.bulk_write(writes, ordered=False)
        return int(done.modified_count)

    async def blank(
        self, session_id: str, erased: Document, seqs: Sequence[int] | None = None
    ) -> int:
        """Take the contents out of items, all of them without seqs; return how many.

        Their places stay taken, so that who appends with an old end collides.
        """
        gone = dict.fromkeys(("sealed", "patch", "blobs", "expires_at"), "")
        change = {"$set": {"erased": erased}, "$unset": gone}
        found = await self.ending_items(session_id, None)
        chosen = [one["_id"] for one in found if seqs is None or one["seq"] in seqs]
        return await self._update_items(chosen, change)

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


def _names(content_id: str) -> set[str]:
    return {content_id, content_id.rpartition(":")[2]}
