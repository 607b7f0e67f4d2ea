"""Keeps sessions, or items of them, from being erased, for as long as somebody says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.audit.service import Audit
from core.clock import Clock, Ids
from core.errors import (
    HoldNotFoundError,
    ItemNotFoundError,
    MortalWishError,
    SessionMovedError,
    SessionNotFoundError,
)
from core.events import schema
from core.memory.documents import hold_document
from core.memory.due import FIELD, DueStore, Mortal
from core.memory.model import Hold, Session
from core.memory.policy import Policy
from core.memory.store import MemoryStore
from core.memory.telling import Telling
from core.store.database import Document

TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What changes of a session's mortality stand on."""

    store: MemoryStore
    due: DueStore
    telling: Telling
    audit: Audit
    policy: Policy
    clock: Clock
    ids: Ids

    async def mortal(self, session_id: str) -> Mortal:
        """Return a session that nobody has begun to erase, expired or not.

        Raises SessionNotFoundError.
        """
        found = await self.due.mortal(session_id)
        if found is not None:
            session = found.session
            if session.state == "live" or session.is_live(self.clock.now()):
                return found
        raise SessionNotFoundError(session_id=session_id)

    async def record(
        self, session: Session, action: str, actor: str, reason: str
    ) -> None:
        """Write down who did something to a session, and why."""
        await self.audit.record(
            schema.AuditRecorded(
                actor=actor,
                action=action,
                subject=f"session/{session.id}",
                repository=session.scope.repository,
                pull=session.scope.pull,
                reason=reason,
            )
        )


class Holds:
    """Places and releases holds; each is a change of the session as it was read."""

    def __init__(self, registry: Registry) -> None:
        self._on = registry

    async def hold(
        self,
        session_id: str,
        *,
        kind: Literal["legal", "pinned"],
        reason: str,
        actor: str,
        items: Sequence[int] = (),
    ) -> Hold:
        """Keep a session, or some items; also one that is over and not yet erased.

        Raises SessionNotFoundError, ItemNotFoundError, MortalWishError.
        """
        reason = reason_of(session_id, reason)
        hold = Hold(
            id=self._on.ids.new("hold"),
            kind=kind,
            reason=reason,
            actor=actor,
            at=self._on.clock.now(),
            items=tuple(sorted(set(items))),
        )
        for _ in range(TRIES):
            mortal = await self._on.mortal(session_id)
            await self._check_items(mortal, hold)
            holds = [*mortal.session.holds, hold]
            if await self._on.store.change(
                mortal.session,
                {"holds": [hold_document(one) for one in holds]},
                unset=("purge_after",),
            ):
                return await self._tell_held(mortal.session, hold)
        raise SessionMovedError(session_id=session_id, head="?", expected="?")

    async def release(
        self, session_id: str, hold_id: str, *, actor: str, reason: str
    ) -> None:
        """Take a hold off; what is over by then begins a generation and ends later.

        Raises SessionNotFoundError, HoldNotFoundError, MortalWishError.
        """
        reason = reason_of(session_id, reason)
        for _ in range(TRIES):
            mortal = await self._on.mortal(session_id)
            session = mortal.session
            hold = next((one for one in session.holds if one.id == hold_id), None)
            if hold is None:
                raise HoldNotFoundError(session_id=session_id, hold_id=hold_id)
            now = self._on.clock.now()
            end = self._on.policy.fresh_end(now)
            # Before it is released: who dies in between has only given them time.
            await self._on.due.put_items_off(session_id, hold.items, end)
            left = [one for one in session.holds if one is not hold]
            fields: Document = {
                "holds": [hold_document(one) for one in left],
                "due_at": now,
            }
            unset: list[str] = []
            if session.expires_at <= now:
                fields |= renewed(session, self._on, end, held=bool(left))
                unset.append(f"{FIELD}.alerted")
            elif not left:
                fields["purge_after"] = self._on.policy.purge_after(session.expires_at)
            if await self._on.store.change(session, fields, unset=unset):
                await self._tell_released(session, hold, actor, reason)
                return
        raise SessionMovedError(session_id=session_id, head="?", expected="?")

    async def _check_items(self, mortal: Mortal, hold: Hold) -> None:
        session = mortal.session
        if not hold.items:
            return
        stored = await self._on.store.items(session.id, hold.items[0], hold.items[-1])
        there = {one["seq"] for one in stored if "erased" not in one}
        gone = set(mortal.erasing.seqs) if mortal.erasing else set[int]()
        for seq in hold.items:
            if seq not in there or seq in gone:
                raise ItemNotFoundError(session_id=session.id, seq=seq)

    async def _tell_held(self, session: Session, hold: Hold) -> Hold:
        event = schema.MemoryHeld(
            session_id=session.id,
            hold_id=hold.id,
            kind=hold.kind,
            items=hold.items,
            actor=hold.actor,
            reason=hold.reason,
        )
        await self._on.telling.say(session.id, event)
        await self._on.record(session, "memory.hold", hold.actor, hold.reason)
        return hold

    async def _tell_released(
        self, session: Session, hold: Hold, actor: str, reason: str
    ) -> None:
        event = schema.MemoryReleased(
            session_id=session.id, hold_id=hold.id, actor=actor, reason=reason
        )
        await self._on.telling.say(session.id, event)
        await self._on.record(session, "memory.release", actor, reason)


def renewed(session: Session, on: Registry, end: datetime, *, held: bool) -> Document:
    """Return the fields by which a session begins a generation that ends then."""
    now = on.clock.now()
    fields: Document = {
        "expires_at": end,
        "generation": session.generation + 1,
        "due_at": now,
        f"{FIELD}.begun_at": now,
    }
    if not held:
        fields["purge_after"] = on.policy.purge_after(end)
    return fields


def reason_of(session_id: str, reason: str) -> str:
    """Return a reason that says something; raises MortalWishError."""
    if not reason.strip():
        raise MortalWishError(session_id=session_id, reason="no reason was given")
    return reason.strip()
