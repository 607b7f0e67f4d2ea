"""Reads pages of the sessions by what is known of them in the clear, newest first."""

from collections.abc import AsyncIterator
from typing import Any

from core.clock import Clock
from core.memory.documents import session_from
from core.memory.listing import SessionFilter, SessionPage, position_of
from core.memory.model import Scope, Session
from core.memory.schema import HOLD_KINDS, SESSIONS
from core.store.database import Database, Document
from core.store.positions import Position
from core.store.slices import Slices


class SessionLister:
    """Answers lists of sessions; each method raises StoreUnavailableError.

    It needs no key: contents are not looked at.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._slices = Slices(database.db[SESSIONS], clock=clock)
        self._clock = clock

    async def page(
        self, wanted: SessionFilter, *, after: Position | None = None, limit: int = 50
    ) -> SessionPage:
        """Return up to `limit` sessions that began before `after`."""
        found: list[Session] = []
        async for documents in self._found(wanted, after, limit):
            lines = [session_from(one) for one in documents if self._fits(wanted, one)]
            lines.sort(key=position_of, reverse=True)
            found += [one for one in lines if after is None or position_of(one) < after]
            if len(found) > limit:
                page = tuple(found[:limit])
                return SessionPage(sessions=page, next=position_of(page[-1]))
        return SessionPage(sessions=tuple(found), next=None)

    async def _found(
        self, wanted: SessionFilter, after: Position | None, limit: int
    ) -> AsyncIterator[list[Document]]:
        """Yield what may match: all of what is narrow, else slice by slice."""
        narrow = _narrow(wanted)
        if narrow:
            found: dict[str, Document] = {}
            for query in narrow:
                found |= {one["_id"]: one for one in await self._slices.find(query)}
            yield list(found.values())
            return
        slices = self._slices.back(
            _lane(wanted),
            lambda one: self._fits(wanted, one),
            top=after.created_at if after is not None else None,
            limit=limit,
        )
        async for documents in slices:
            yield documents

    def _fits(self, wanted: SessionFilter, found: Document) -> bool:
        authors = found.get("authors", ())
        if wanted.author is not None and wanted.author not in authors:
            return False
        return wanted.matches(session_from(found), self._clock.now())


def _narrow(wanted: SessionFilter) -> list[Document]:
    """Return the questions that together find few, if there are such."""
    if wanted.actor is not None:
        return [{"scope_key": Scope(kind="actor", actor=wanted.actor).key}]
    if wanted.repository is not None and wanted.pull is not None:
        scope = Scope(kind="pull", repository=wanted.repository, pull=wanted.pull)
        return [{"scope_key": scope.key}]
    if wanted.held:
        return [{"holds.kind": kind} for kind in HOLD_KINDS]
    if wanted.expiring_before is not None and wanted.state == "live":
        return [{"state": "live", "expires_at": {"$lt": wanted.expiring_before}}]
    if wanted.updated_since is not None:
        return [{"updated_at": {"$gte": wanted.updated_since}}]
    return []


def _lane(wanted: SessionFilter) -> dict[str, Any]:
    """Return the one equality that goes before the range of time."""
    if wanted.author is not None:
        return {"authors": wanted.author}
    if wanted.repository is not None:
        return {"scope.repository": wanted.repository}
    return {}
