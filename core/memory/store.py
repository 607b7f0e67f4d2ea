"""Sessions and items in MongoDB; nothing here can open them."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from core.errors import RefusedByDatabaseError, StoreUnavailableError
from core.memory.documents import session_document, session_from
from core.memory.model import Session
from core.memory.schema import ITEMS, REDACTIONS, SESSIONS
from core.store.database import (
    BulkWriteError,
    Database,
    Document,
    DuplicateKeyError,
    UpdateOne,
    refusals,
    translating,
)
from core.store.grouped import GroupedWrites

# So many items are read by one command: at most 16 MiB, and usually far less.
STRETCH = 100
MOST = 100
# The embedded server looks for each list of ids anew: the fewer lists, the better.
LISTED = 250
HEAVY = {"sealed": 0, "blobs": 0}


class MemoryStore:
    """Keeps sessions and items; each method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._sessions = database.db[SESSIONS]
        self._items = database.db[ITEMS]
        self._redactions = database.db[REDACTIONS]
        # What several sessions of this process wait for goes in one command.
        self._singles: GroupedWrites[Document, int] = GroupedWrites(self._insert)

    async def add(self, session: Session, **more: Any) -> bool:
        """Store a new session; False when its scope has a live one already."""
        with translating():
            try:
                await self._sessions.insert_one({**session_document(session), **more})
            except DuplicateKeyError:
                return False
        return True

    async def get(self, session_id: str) -> Session | None:
        """Return a session, also one that has ended."""
        with translating():
            found = await self._sessions.find_one({"_id": session_id})
        return session_from(found) if found else None

    async def of_scope(self, scope_key: str) -> tuple[Session, ...]:
        """Return every session that a scope has had, oldest first."""
        with translating():
            found = await self._sessions.find({"scope_key": scope_key}).to_list(None)
        made = (session_from(one) for one in found)
        return tuple(sorted(made, key=lambda one: (one.created_at, one.id)))

    async def change(
        self,
        session: Session,
        fields: Document,
        *,
        unset: Sequence[str] = (),
    ) -> bool:
        """Change a session if it is as it was read; its revision grows by one."""
        change: Document = {"$inc": {"revision": 1}}
        if fields:
            change["$set"] = fields
        if unset:
            change["$unset"] = dict.fromkeys(unset, "")
        seen = {"_id": session.id, "revision": session.revision}
        with translating():
            done = await self._sessions.update_one(seen, change)
        return bool(done.matched_count)

    async def advance(self, changes: Sequence[tuple[str, int, Document]]) -> int:
        """Move heads on from where they are said to be; return how many were there.

        Each is `(session, its head's seq, change)`. Of several changes of one session
        the first that fits is made: one that sets when the database purges it does not
        fit while it is held.
        """
        writes = []
        for session_id, seq, change in changes:
            seen = {"_id": session_id, "head.seq": seq, "state": "live"}
            if "purge_after" in change.get("$max", {}):
                seen["holds"] = []
            writes.append(UpdateOne(seen, change))
        with translating():
            done = await self._sessions.bulk_write(writes, ordered=True)
        return int(done.matched_count)

    async def insert(self, documents: Sequence[Document]) -> int:
        """Store items in order, up to the first whose place or name is taken.

        Returns how many were stored: somebody may have come in between two of them.
        Raises RefusedByDatabaseError for what the validator does not take.
        """
        if len(documents) == 1:
            return await self._singles.add(documents[0])
        with translating():
            try:
                await self._items.insert_many(documents, ordered=True)
            except BulkWriteError as error:
                refusal = refusals(error)[0]
                if refusal.duplicate:
                    return refusal.position
                raise RefusedByDatabaseError(
                    collection=ITEMS, reason=refusal.reason
                ) from error
        return len(documents)

    async def _insert(self, documents: Sequence[Document]) -> list[int | Exception]:
        """Store items of as many sessions; say of each whether it is there now."""
        answers: list[int | Exception] = [1] * len(documents)
        try:
            with translating():
                # Unordered: one whose place is taken stops nobody else.
                await self._items.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if doubt := (error.details or {}).get("writeConcernErrors"):
                raise StoreUnavailableError(reason=str(doubt)) from error
            for one in refusals(error):
                answers[one.position] = (
                    0
                    if one.duplicate
                    else RefusedByDatabaseError(collection=ITEMS, reason=one.reason)
                )
        return answers

    async def named(self, names: Sequence[str]) -> dict[str, Document]:
        """Return the stored items that are kept once under these names, by name."""
        with translating():
            found = await self._items.find({"once": {"$in": list(names)}}).to_list(None)
        return {str(one["once"]): one for one in found}

    async def items(
        self, session_id: str, first: int, last: int, *, bare: bool = False
    ) -> list[Document]:
        """Return the stored items of a session from one to another, in order.

        `bare` ones come without what is sealed in them and what they name.
        """
        # Whoever asks may name places that there are not, as far off as numbers go.
        step = STRETCH if last - first < MOST * STRETCH else last - first + 1
        stretches = [
            {"$gte": at, "$lte": min(last, at + step - 1)}
            for at in range(first, last + 1, step)
        ]
        fields = HEAVY if bare else None

        async def found(stretch: Document) -> list[Document]:
            wanted = {"session": session_id, "seq": stretch}
            with translating():
                cursor = self._items.find(wanted, fields).batch_size(STRETCH)
                return await cursor.to_list(None)

        # At once: what one waits for, the server or the wire, another need not.
        parts = await asyncio.gather(*map(found, stretches))
        whole = [one for part in parts for one in part]
        return sorted(whole, key=lambda one: int(one["seq"]))

    async def chosen(self, item_ids: Sequence[str]) -> dict[str, Document]:
        """Return stored items, in whatever order, by `session:seq`."""
        found: dict[str, Document] = {}
        for at in range(0, len(item_ids), LISTED):
            wanted = {"_id": {"$in": list(item_ids[at : at + LISTED])}}
            with translating():
                some = await self._items.find(wanted).to_list(None)
            found |= {str(one["_id"]): one for one in some}
        return found

    async def tail(self, session_id: str, after: int) -> list[Document]:
        """Return what was stored behind a head, in order."""
        wanted = {"session": session_id, "seq": {"$gt": after}}
        with translating():
            found = await self._items.find(wanted).to_list(None)
        return sorted(found, key=lambda one: int(one["seq"]))

    async def markers(self, session_id: str) -> list[Document]:
        """Return the markers of a session, in order."""
        wanted = {"session": session_id, "kind": "marker"}
        with translating():
            found = await self._items.find(wanted).to_list(None)
        return sorted(found, key=lambda one: int(one["seq"]))

    async def is_redacting(self, session_id: str) -> bool:
        """Return whether something is to go from a session that may still be there."""
        with translating():
            found = await self._redactions.find({"session": session_id}).to_list(None)
        return any(one["status"] == "pending" for one in found)

    async def of_repository(self, repository: str) -> tuple[Session, ...]:
        """Return the sessions of a repository and its pull requests that have a key."""
        pulls, name = f"pull:{repository.lower()}#", f"repository:{repository.lower()}"
        # `$` is the character after `#`.
        between = {"$gte": pulls, "$lt": f"{pulls[:-1]}$"}
        with translating():
            found = await self._sessions.find({"scope_key": between}).to_list(None)
            found += await self._sessions.find({"scope_key": name}).to_list(None)
        made = (session_from(one) for one in found)
        return tuple(one for one in made if one.key is not None)

    async def replace(
        self, document: Document, fields: Document, unset: Iterable[str]
    ) -> bool:
        """Change an item if its revision is still the one that was read."""
        seen = {"_id": document["_id"], "revision": document["revision"]}
        change: Document = {"$set": fields}
        if gone := dict.fromkeys(unset, ""):
            change["$unset"] = gone
        with translating():
            done = await self._items.update_one(seen, change)
        return bool(done.matched_count)
