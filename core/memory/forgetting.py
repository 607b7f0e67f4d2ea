"""Erases items for good: a marker first, so that nobody writes on from what goes."""

from collections.abc import Sequence
from datetime import timedelta

from core.errors import SessionHeldError, SessionMovedError
from core.events import schema
from core.memory.documents import item_id
from core.memory.model import Draft, Hold, Kind
from core.memory.opened import Opened
from core.memory.service import Memory
from core.store.database import Document

TRIES = 20


class Eraser:
    """Does as `Forgetting` says; `backup_days` is how long a backup may live.

    What was broken off is finished by asking again.
    """

    def __init__(self, memory: Memory, *, backup_days: int) -> None:
        self._memory = memory
        self._backups = timedelta(days=backup_days)

    async def forget(
        self, session_id: str, seqs: Sequence[int], *, actor: str, reason: str
    ) -> None:
        """Erase items; raises SessionHeldError, and then none is erased."""
        session = await self._memory.session(session_id)
        for hold in session.holds:
            _refuse_held(session_id, hold, seqs)
        await self._mark(session_id, seqs, actor=actor)
        now = self._memory.now()
        erased = {"reason": reason, "at": now, "by": actor}
        for seq in seqs:
            await self._erase(session_id, seq, erased)
        event = schema.MemoryErased(
            session_id=session_id,
            reason="compacted" if reason == "compacted" else "forgotten",
            items=tuple(seqs),
            actor=actor,
            effective_live_at=now,
            effective_backups_by=now + self._backups,
        )
        await self._memory.sealing.telling.say(session_id, event)

    async def _mark(
        self, session_id: str, seqs: Sequence[int], *, actor: str
    ) -> Opened:
        draft = Draft(
            kind=Kind.MARKER, content={}, author=actor, redacts=tuple(sorted(seqs))
        )
        for _ in range(TRIES):
            opened = await self._memory.opened(session_id)
            documents, after = opened.sealed(
                [draft], self._memory.now(), epoch=opened.epoch + 1
            )
            if await self._memory.store.insert(documents):
                self._memory.keep(after)
                self._memory.sealing.appended(after, documents)
                return after
        raise SessionMovedError(session_id=session_id, head="?", expected="?")

    async def _erase(self, session_id: str, seq: int, erased: Document) -> None:
        key = item_id(session_id, seq)
        while True:
            found = (await self._memory.store.chosen([key])).get(key)
            if found is None or "erased" in found:
                return
            fields = {"erased": erased}
            if await self._memory.store.replace(found, fields, ("sealed", "patch")):
                return


def _refuse_held(session_id: str, hold: Hold, seqs: Sequence[int]) -> None:
    if any(hold.covers(seq) for seq in seqs):
        raise SessionHeldError(session_id=session_id, reason=hold.reason)
