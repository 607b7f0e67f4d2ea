"""Erases sessions and items in order: refuse, destroy the key, delete, tell, record.

Each step finds what the one before it left, so whoever goes on after a process that
died does the rest and nothing twice that counts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import structlog

from core.errors import MemoryKeyError, SealBrokenError, SessionMovedError
from core.events import schema
from core.events.base import Payload
from core.events.schema.memory import Reason
from core.memory.documents import facts_from
from core.memory.holds import TRIES, Registry
from core.memory.model import Draft, Kind, Session
from core.memory.mortal import FIELD, Ending, Erasing, Mortal, closing
from core.memory.service import Memory
from core.metrics.memory import ERASED
from core.store.database import Document

NOFX = "nofx"
ENDS = "ends"
# A snapshot that is being stored names its contents only when it is appended.
UNDER_WAY = timedelta(hours=1)
log = structlog.get_logger()


class Shredding:
    """Ends sessions and erases items; every method raises StoreUnavailableError.

    A key that is away stops no session's end: then no marker is appended.
    """

    def __init__(self, registry: Registry, memory: Memory) -> None:
        self._on = registry
        self._memory = memory

    async def begin(
        self, mortal: Mortal, *, reason: Reason, actor: str, why: str = ""
    ) -> bool:
        """Take a session from all who read; False when it is not as it was read."""
        ending = {"reason": reason, "actor": actor, "why": why}
        fields = closing(ending, self._on.clock.now())
        done = await self._on.store.change(mortal.session, fields)
        self._memory.forget(mortal.session.id)
        return done

    async def finish(self, session_id: str) -> None:
        """Erase a session that ends and is not held, from wherever its erasure is."""
        for _ in range(TRIES):
            mortal = await self._on.due.mortal(session_id)
            if mortal is None or mortal.session.state != "ending":
                return
            if mortal.session.is_held:
                return
            ending = mortal.ending or _unsaid(mortal.session)
            if ending.key_gone_at is None:
                await self._destroy_key(mortal, ending)
            elif await self._delete(mortal.session, ending, ending.key_gone_at):
                return
        raise SessionMovedError(session_id=session_id, head="?", expected="?")

    async def erase_items(self, mortal: Mortal, seqs: tuple[int, ...]) -> None:
        """Erase items whose time is over; nothing when the session moved meanwhile."""
        erasing = {"seqs": list(seqs), "at": self._on.clock.now()}
        fields = {f"{FIELD}.erasing": erasing}
        if await self._on.store.change(mortal.session, fields):
            found = await self._on.due.mortal(mortal.session.id)
            if found is not None and found.erasing is not None:
                await self.finish_items(found, found.erasing)

    async def finish_items(self, mortal: Mortal, erasing: Erasing) -> None:
        """Erase items that were decided on, from wherever their erasure is."""
        session, seqs = mortal.session, erasing.seqs
        await self._mark(session, seqs)
        erased = {"reason": "expired", "at": erasing.at, "by": NOFX}
        count = await self._on.due.blank(session.id, erased, seqs)
        ERASED.inc(count, reason="expired")
        await self._on.due.drop_unnamed(session.id, erasing.at - UNDER_WAY)
        event = self._erased(session, "expired", NOFX, "", erasing.at, seqs)
        await self._tell(session, event)
        for _ in range(TRIES):
            gone = (f"{FIELD}.erasing",)
            if await self._on.store.change(session, {}, unset=gone):
                return
            found = await self._on.due.mortal(session.id)
            if found is None or found.erasing is None:
                return
            session = found.session

    async def _destroy_key(self, mortal: Mortal, ending: Ending) -> None:
        session = mortal.session
        await self._on.record(session, "memory.end", ending.actor, ending.why)
        await self._mark(session, ())
        gone = {f"{FIELD}.ending.key_gone_at": self._on.clock.now()}
        # From here on nothing opens its contents, wherever they still lie.
        await self._on.store.change(session, gone, unset=("key",))
        self._memory.forget(session.id)

    async def _delete(self, session: Session, ending: Ending, gone: datetime) -> bool:
        reason, policy = cast("Reason", ending.reason), self._on.policy
        erased: Document = {"reason": reason, "at": gone, "by": ending.actor}
        count = await self._on.due.blank(session.id, erased)
        ERASED.inc(count, reason=reason)
        await self._on.due.drop_contents(session.id)
        # Until nobody can think any more that it lives, places stay taken.
        over = max(gone, session.expires_at) + UNDER_WAY
        await self._on.due.strip(session.id, over + policy.slack)
        event = self._erased(session, reason, ending.actor, ending.why, gone, ())
        await self._tell(session, event)
        shredded = {
            "effective_live_at": event.effective_live_at,
            "effective_backups_by": event.effective_backups_by,
        }
        fields = {
            "state": "ended",
            "shredded": shredded,
            "due_at": over,
            "purge_after": gone + policy.tombstone,
        }
        return await self._on.store.change(session, fields, unset=("key", "authors"))

    async def _tell(self, session: Session, event: schema.MemoryErased) -> None:
        """Tell once, and record what was told."""

        def decide(told: Sequence[Payload]) -> Sequence[Payload]:
            return () if any(_same(one, event) for one in told) else (event,)

        if await self._on.telling.tell(session.id, decide):
            log.info(
                "memory.erased",
                session_id=session.id,
                reason=event.reason,
                items=len(event.items),
            )
        await self._on.record(session, "memory.erase", event.actor, event.why)

    def _erased(
        self,
        session: Session,
        reason: Reason,
        actor: str,
        why: str,
        at: datetime,
        seqs: tuple[int, ...],
    ) -> schema.MemoryErased:
        return schema.MemoryErased(
            session_id=session.id,
            reason=reason,
            items=seqs,
            actor=actor,
            why=why,
            effective_live_at=at,
            effective_backups_by=at + self._on.policy.backups,
        )

    async def _mark(self, session: Session, seqs: tuple[int, ...]) -> None:
        """Take the next place, so that who appends has to look again."""
        try:
            await self._append_marker(session, seqs)
        except (MemoryKeyError, SealBrokenError) as error:
            if seqs and isinstance(error, MemoryKeyError):
                # The session goes on: without a marker its readers would take what is
                # erased for torn out. It waits for its key, as they must.
                raise
            log.warning("memory.unmarked", session_id=session.id, reason=str(error))

    async def _append_marker(self, session: Session, seqs: tuple[int, ...]) -> None:
        ends = ",".join(map(str, seqs)) or "session"
        draft = Draft(kind=Kind.MARKER, content={}, redacts=seqs, refs={ENDS: ends})
        for _ in range(TRIES):
            opened = await self._memory.reopened(session)
            self._memory.forget(session.id)
            last = await self._on.store.items(session.id, opened.seq, opened.seq)
            if last and facts_from(last[0]).refs.get(ENDS) == ends:
                return
            documents, after = opened.sealed([draft], self._on.clock.now())
            if await self._on.store.insert(documents):
                if session.state == "live":
                    self._memory.sealing.appended(after, documents)
                return
        raise SessionMovedError(session_id=session.id, head="?", expected="?")


def _unsaid(session: Session) -> Ending:
    """Return what is known of an end for which nobody gave a reason."""
    return Ending(reason="expired", actor=NOFX, why="", at=session.expires_at)


def _same(one: Payload, event: schema.MemoryErased) -> bool:
    return isinstance(one, schema.MemoryErased) and (one.items, one.reason) == (
        event.items,
        event.reason,
    )
