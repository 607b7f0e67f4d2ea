"""What people may wish of a session's end: put it off, hasten it, forbid it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from core.errors import (
    MortalWishError,
    SessionHeldError,
    SessionMovedError,
)
from core.events import schema
from core.memory.holds import TRIES, Done, Holds, Registry, reason_of, renewed
from core.memory.model import Hold, Session
from core.memory.mortal import FIELD
from core.memory.shredding import Shredding


class Mortality:
    """Holds, renews and ends sessions, and tells which end soon.

    Every method that changes something is recorded in the audit, and raises
    SessionNotFoundError, MortalWishError without a reason, and StoreUnavailableError.
    """

    def __init__(self, registry: Registry, shredding: Shredding) -> None:
        self._on = registry
        self._holds = Holds(registry)
        self._shredding = shredding

    async def hold(
        self,
        session_id: str,
        *,
        kind: Literal["legal", "pinned"],
        reason: str,
        actor: str,
        items: Sequence[int] = (),
    ) -> Hold:
        """Keep a session, or some items, from being erased; raises ItemNotFoundError.

        What is held stays readable when its time is over.
        """
        return await self._holds.hold(
            session_id, kind=kind, reason=reason, actor=actor, items=items
        )

    async def release(
        self, session_id: str, hold_id: str, *, actor: str, reason: str
    ) -> None:
        """Take a hold off; raises HoldNotFoundError.

        What would be over already is given time for each of its alerts.
        """
        await self._holds.release(session_id, hold_id, actor=actor, reason=reason)

    async def renew(
        self, session_id: str, *, until: datetime, actor: str, reason: str
    ) -> Session:
        """Let a session end then, sooner or later than it would; alerts begin anew.

        One that is over and not yet erased lives again.
        """
        reason = reason_of(session_id, reason)
        for _ in range(TRIES):
            if until <= self._on.clock.now():
                raise MortalWishError(session_id=session_id, reason=f"{until} is over")
            mortal = await self._on.mortal(session_id)
            session = mortal.session
            if mortal.erasing is not None:
                # What was decided on while it was over is gone before it lives again.
                await self._shredding.finish_items(mortal, mortal.erasing)
                continue
            event = schema.MemoryRenewed(
                session_id=session_id,
                expires_at=until,
                generation=session.generation + 1,
                actor=actor,
                reason=reason,
            )
            done = Done(event=event, action="memory.renew", actor=actor, reason=reason)
            fields = renewed(session, self._on, until, held=session.is_held)
            gone = (f"{FIELD}.alerted",)
            if await self._on.wish(mortal, fields, done, unset=gone):
                return (await self._on.mortal(session_id)).session
        raise SessionMovedError(session_id=session_id, head="?", expected="?")

    async def end(self, session_id: str, *, actor: str, reason: str) -> None:
        """Erase a session for good; it is gone when this returns.

        Should this process die on the way, a sweeper goes on. Raises SessionHeldError,
        also while a redaction is on its way: its texts are sealed under the session's
        key.
        """
        reason = reason_of(session_id, reason)
        if await self._on.store.is_redacting(session_id):
            under_way = "a redaction is not everywhere yet"
            raise SessionHeldError(session_id=session_id, reason=under_way)
        for _ in range(TRIES):
            mortal = await self._on.mortal(session_id)
            if mortal.session.is_held:
                held = mortal.session.holds[0]
                raise SessionHeldError(session_id=session_id, reason=held.reason)
            if await self._shredding.begin(
                mortal, reason="deleted", actor=actor, why=reason
            ):
                await self._shredding.finish(session_id)
                return
        raise SessionMovedError(session_id=session_id, head="?", expected="?")

    async def expiring(
        self, within: timedelta, *, sees: Callable[[Session], bool]
    ) -> tuple[Session, ...]:
        """Return the sessions that end soon and are not held, the soonest first.

        `sees` says which of them the caller may know of.
        """
        before = self._on.clock.now() + within
        found = await self._on.due.in_state("live", before)
        kept = [one for one in found if not one.is_held and sees(one)]
        return tuple(sorted(kept, key=lambda one: (one.expires_at, one.id)))
