"""Keeps sessions, or items of them, from being erased, for as long as somebody says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from core.events.base import Payload
from core.memory.documents import hold_document
from core.memory.due import DueStore
from core.memory.model import Hold, Session
from core.memory.mortal import FIELD, Mortal
from core.memory.policy import Policy
from core.memory.store import MemoryStore
from core.memory.telling import Telling
from core.store.database import Document

TRIES = 20
# A sweeper tells of what was done when who did it has not by then.
PATIENCE = timedelta(seconds=60)


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

    async def wish(
        self,
        mortal: Mortal,
        fields: Document,
        done: "Done",
        *,
        unset: Sequence[str] = (),
    ) -> bool:
        """Change a session as it was read, and tell of it; False when it has moved.

        What is to be told is stored with the change: should this process die, a
        sweeper tells it.
        """
        session = mortal.session
        if mortal.untold is not None:
            await self.tell(session, mortal.untold)
        untold = {
            "id": self.ids.new("wish"),
            "event": done.event.model_dump_json(),
            "type": done.event.type,
            "action": done.action,
            "actor": done.actor,
            "reason": done.reason,
        }
        fields = {
            "due_at": self.clock.now() + PATIENCE,
            **fields,
            f"{FIELD}.untold": untold,
        }
        if not await self.store.change(session, fields, unset=unset):
            return False
        await self.tell(session, untold)
        return True

    async def tell(self, session: Session, untold: Mapping[str, str]) -> None:
        """Tell once of what was done, and record it in the audit."""
        event = TOLD[untold["type"]].model_validate_json(untold["event"])

        def decide(told: Sequence[Payload]) -> Sequence[Payload]:
            return () if event in told else (event,)

        await self.telling.tell(session.id, decide)
        actor, reason = untold["actor"], untold["reason"]
        await self.record(session, untold["action"], actor, reason)
        await self.due.told(session.id, untold)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What somebody did to a session, for the journal and the audit."""

    event: schema.MemoryHeld | schema.MemoryReleased | schema.MemoryRenewed
    action: str
    actor: str
    reason: str


Wish = type[schema.MemoryHeld | schema.MemoryReleased | schema.MemoryRenewed]
TOLD: Mapping[str, Wish] = {
    "memory.held": schema.MemoryHeld,
    "memory.released": schema.MemoryReleased,
    "memory.renewed": schema.MemoryRenewed,
}


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
            fields = {"holds": [hold_document(one) for one in holds]}
            if await self._on.wish(
                mortal, fields, _held(session_id, hold), unset=("purge_after",)
            ):
                return hold
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
            gone = mortal.erasing.seqs if mortal.erasing else ()
            await self._on.due.put_items_off(session_id, hold.items, end, gone=gone)
            left = [one for one in session.holds if one is not hold]
            fields: Document = {"holds": [hold_document(one) for one in left]}
            unset: list[str] = []
            if session.expires_at <= now:
                fields |= renewed(session, self._on, end, held=bool(left))
                unset.append(f"{FIELD}.alerted")
            elif not left:
                fields["purge_after"] = self._on.policy.purge_after(session.expires_at)
            done = _released(session_id, hold, actor, reason)
            if await self._on.wish(mortal, fields, done, unset=unset):
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


def _held(session_id: str, hold: Hold) -> Done:
    event = schema.MemoryHeld(
        session_id=session_id,
        hold_id=hold.id,
        kind=hold.kind,
        items=hold.items,
        actor=hold.actor,
        reason=hold.reason,
    )
    return Done(event=event, action="memory.hold", actor=hold.actor, reason=hold.reason)


def _released(session_id: str, hold: Hold, actor: str, reason: str) -> Done:
    event = schema.MemoryReleased(
        session_id=session_id, hold_id=hold.id, actor=actor, reason=reason
    )
    return Done(event=event, action="memory.release", actor=actor, reason=reason)


def renewed(session: Session, on: Registry, end: datetime, *, held: bool) -> Document:
    """Return the fields by which a session begins a generation that ends then."""
    now = on.clock.now()
    fields: Document = {
        "expires_at": end,
        "generation": session.generation + 1,
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
