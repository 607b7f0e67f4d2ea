"""Reads what is known of sessions and their items without a key, for who may see it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.clock import Clock
from core.errors import ItemNotFoundError, SessionNotFoundError
from core.memory.documents import facts_from, shown
from core.memory.listing import Sees, may_see
from core.memory.model import Facts, Kind, Session
from core.memory.store import MemoryStore
from core.store.database import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsPage:
    """Some items in order; `next` is the place to go on behind, None at the end."""

    items: tuple[Facts, ...]
    next: int | None


class Browser:
    """Answers from what is stored in the clear; it proves nothing, for it has no key.

    Every method raises SessionNotFoundError for a session that has ended or that the
    caller may not see, and StoreUnavailableError.
    """

    def __init__(self, store: MemoryStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def session(self, session_id: str, sees: Sees) -> Session:
        """Return a live session."""
        found = await self.known(session_id, sees)
        if not found.is_live(self._clock.now()):
            raise SessionNotFoundError(session_id=session_id)
        return found

    async def known(self, session_id: str, sees: Sees) -> Session:
        """Return a session that has not ended, though its time may be over."""
        found = await self._store.get(session_id)
        if found is None or found.state == "ended" or not may_see(sees, found.scope):
            raise SessionNotFoundError(session_id=session_id)
        return found

    async def page(
        self, session: Session, kinds: Collection[Kind], *, after: int, limit: int
    ) -> FactsPage:
        """Return up to `limit` items of these kinds that stand behind a place."""
        found: list[Facts] = []
        while True:
            stretch = await self._store.items(
                session.id, after + 1, after + limit + 1, bare=True
            )
            found += self._wanted(session, stretch, kinds)
            if len(found) > limit:
                page = tuple(found[:limit])
                return FactsPage(items=page, next=page[-1].seq)
            if len(stretch) <= limit:
                return FactsPage(items=tuple(found), next=None)
            after += limit + 1

    async def item(self, session: Session, seq: int) -> Facts:
        """Return one item of whatever kind; raises ItemNotFoundError."""
        stored = await self._store.items(session.id, seq, seq, bare=True)
        for facts in self._wanted(session, stored, tuple(Kind)):
            return facts
        raise ItemNotFoundError(session_id=session.id, seq=seq)

    def _wanted(
        self, session: Session, stored: Sequence[Document], kinds: Collection[Kind]
    ) -> list[Facts]:
        now = self._clock.now()
        facts = (facts_from(one) for one in stored if shown(session, one, now))
        return [one for one in facts if one.kind in kinds]
