"""Looks after the ends of sessions: alerts before them, erasure after them.

Any number of processes may sweep. A session is one sweeper's for a while by the time
at which it is due again; what is written is safe without that, by the session's
revision and by what was told.
"""

import asyncio
import random
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from core.audit.service import Audit
from core.clock import Clock, Ids
from core.errors import ConflictError, NofxError, StoreUnavailableError
from core.memory.alert_store import AlertStore
from core.memory.alerts import GIVE_UP, Alert, Alerts, Notifier
from core.memory.due import DueStore
from core.memory.expiry import (
    Alerted,
    Standing,
    alert_due,
    erasable_at,
    next_look,
    settled,
)
from core.memory.holds import Registry
from core.memory.item_ends import UNSENT, ItemEnds
from core.memory.model import Session
from core.memory.mortal import FIELD, Mortal, alerted_document
from core.memory.mortality import Mortality
from core.memory.policy import Policy
from core.memory.service import Memory
from core.memory.shredding import NOFX, Shredding
from core.metrics.memory import ERASED
from core.store.database import Database, Document
from core.store.roles import Roles
from core.store.until import until

LOOK = 30.0
LEASE = timedelta(seconds=60)
MOST = 20
ROUNDS = 100
DAY = timedelta(days=1)
ORPHANS = "memory-orphans"
log = structlog.get_logger()


class MemorySweeper:
    """Sweeps now and then until `stop` is called."""

    def __init__(
        self,
        registry: Registry,
        alerts: Alerts,
        shredding: Shredding,
        *,
        roles: Roles,
        holder: str,
    ) -> None:
        self._on = registry
        self._alerts = alerts
        self._shredding = shredding
        self._items = ItemEnds(registry, alerts, shredding)
        self._roles = roles
        self._holder = holder
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Sweep every half minute."""
        await until(self._stopped, self._for_ever())

    def stop(self) -> None:
        """End, in the middle of it if need be: another goes on."""
        self._stopped.set()

    async def sweep(self) -> int:
        """Do all that is due now; return how many sessions were looked at.

        Raises StoreUnavailableError.
        """
        looked = 0
        for _ in range(ROUNDS):
            found = await self._on.due.candidates(self._on.clock.now(), MOST)
            random.shuffle(found)
            claimed = [await self._look(session_id) for session_id in found]
            looked += sum(claimed)
            if not any(claimed):
                break
        while await self._alerts.deliver():
            continue
        await self._sweep_orphans()
        return looked

    async def _sweep_orphans(self) -> None:
        """Once a day, delete what is left of sessions that the database purged."""
        lease = await self._roles.take(ORPHANS, self._holder, DAY.total_seconds())
        if lease is None:
            return
        for session_id in await self._on.due.orphans():
            count = await self._on.due.drop_items(session_id)
            await self._on.due.drop_contents(session_id)
            ERASED.inc(count, reason="orphaned")
            log.warning("memory.orphaned", session_id=session_id, items=count)

    async def _for_ever(self) -> None:
        while True:
            await self._on.clock.sleep(LOOK)
            try:
                await self.sweep()
            except (StoreUnavailableError, ConflictError) as error:
                log.warning("memory.sweep_waiting", reason=str(error))
            except Exception:
                # Nobody waits for it, and it must not end what runs beside it.
                log.exception("memory.sweep_failed")

    async def _look(self, session_id: str) -> bool:
        now = self._on.clock.now()
        mortal = await self._on.due.mortal(session_id)
        if mortal is None or mortal.due_at is None or mortal.due_at > now:
            return False
        until = now + LEASE
        if not await self._on.due.claim(mortal, self._holder, until):
            return False
        try:
            due = await self._tend(session_id)
        except StoreUnavailableError:
            raise
        except NofxError as error:
            # It is due again when the lease is over; the others are not to wait.
            log.warning("memory.untended", session_id=session_id, reason=str(error))
            return True
        if due is not None:
            await self._on.due.put_off(session_id, until, due)
        return True

    async def _tend(self, session_id: str) -> datetime | None:
        """Do what is due with a session; return when to look again."""
        mortal = await self._on.due.mortal(session_id)
        if mortal is None:
            return None
        now = self._on.clock.now()
        if mortal.untold is not None:
            await self._on.tell(mortal.session, mortal.untold)
        match mortal.session.state:
            case "ended":
                return await self._clear(mortal, now)
            case "ending" if mortal.ending and mortal.ending.reason != "expired":
                await self._shredding.finish(session_id)
                return None
            case _:
                return await self._age(mortal, now)

    async def _clear(self, mortal: Mortal, now: datetime) -> datetime | None:
        """Delete what is left of a session that has ended, at last its tombstone."""
        session_id, ended = mortal.session.id, mortal.ending
        await self._on.due.drop_items(session_id)
        await self._on.due.drop_contents(session_id)
        begun = ended.at if ended else mortal.session.updated_at
        over = begun + self._on.policy.tombstone
        if over > now:
            return over
        await self._on.due.drop(session_id)
        return None

    async def _age(self, mortal: Mortal, now: datetime) -> datetime:
        """Tell and erase what is due of a session that nobody wished to end."""
        if mortal.erasing is not None:
            await self._shredding.finish_items(mortal, mortal.erasing)
            return now
        session = mortal.session
        if session.is_held == (mortal.purge_after is not None):
            await self._keep_backstop(session)
            return now
        if any(not hold.items for hold in session.holds):
            return now + DAY
        look = await self._items.tend(mortal, now)
        if look <= now:
            return look
        return min(look, await self._age_session(mortal, now))

    async def _keep_backstop(self, session: Session) -> None:
        """Let the database purge what ends, and nothing that is held."""
        name = "purge_after"
        if session.is_held:
            await self._on.store.change(session, {}, unset=(name,))
            return
        over = self._on.policy.purge_after(session.expires_at)
        await self._on.store.change(session, {name: over})

    async def _age_session(self, mortal: Mortal, now: datetime) -> datetime:
        policy, session = self._on.policy, mortal.session
        standing = settled(mortal.standing())
        if standing.generation != session.generation:
            fields: Document = {"generation": standing.generation}
            gone = (f"{FIELD}.alerted",)
            await self._on.store.change(session, fields, unset=gone)
            return now
        threshold = alert_due(standing, policy, now)
        if threshold is not None:
            end = session.expires_at
            await self._alerts.tell(
                Alert(
                    session=session,
                    subject="session",
                    generation=standing.generation,
                    threshold=threshold,
                    expires_at=end,
                )
            )
            told = Alerted(threshold=threshold, expires_at=end, at=now)
            fields = {f"{FIELD}.alerted": alerted_document(told)}
            if not await self._on.store.change(session, fields):
                return now
            standing = replace(standing, alerted=told)
        if session.is_held or erasable_at(standing, policy) > now:
            return next_look(standing, policy, now)
        if not await self._is_out(session, standing, now):
            return min(now + UNSENT, session.expires_at + policy.grace)
        return await self._end(mortal, now)

    async def _is_out(
        self, session: Session, standing: Standing, now: datetime
    ) -> bool:
        """Return whether alerts and redactions are, or were waited for long enough.

        What a redaction looks for elsewhere is sealed under the session's key.
        """
        if session.expires_at + self._on.policy.grace <= now:
            return True
        if await self._on.store.is_redacting(session.id):
            return False
        return await self._alerts.all_out(session.id, "session", standing.generation)

    async def _end(self, mortal: Mortal, now: datetime) -> datetime:
        begun = mortal.session.state == "ending" or await self._shredding.begin(
            mortal, reason="expired", actor=NOFX
        )
        if not begun:
            return now
        await self._shredding.finish(mortal.session.id)
        return now + DAY


def mortality_on(
    database: Database,
    memory: Memory,
    *,
    audit: Audit,
    clock: Clock,
    ids: Ids,
    policy: Policy,
    notifier: Notifier | None,
) -> tuple[Mortality, MemorySweeper]:
    """Return what people wish of ends over a memory, and what sees to them."""
    telling = memory.sealing.telling
    registry = Registry(
        store=memory.store,
        due=DueStore(database),
        telling=telling,
        audit=audit,
        policy=policy,
        clock=clock,
        ids=ids,
    )
    shredding = Shredding(registry, memory)
    alerts = Alerts(
        AlertStore(database),
        telling,
        clock=clock,
        kept=policy.tombstone,
        # Not while what it is about still waits for it.
        give_up=max(GIVE_UP, policy.grace),
        notifier=notifier,
    )
    sweeper = MemorySweeper(
        registry,
        alerts,
        shredding,
        roles=Roles(database, clock=clock),
        holder=ids.new("memory"),
    )
    return Mortality(registry, shredding), sweeper
