"""Carries a redaction on from its marker to the last place, from wherever it is."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog
from bson import Binary

from core.clock import Clock
from core.errors import (
    MemoryKeyError,
    RedactionElsewhereError,
    RedactionTargetError,
    SealBrokenError,
    SessionHeldError,
    SessionMovedError,
    UnavailableError,
)
from core.events import canonical
from core.memory import redaction_rules as rules
from core.memory.covering import Covering
from core.memory.envelope import NotAuthenticError, Place, Sealer
from core.memory.model import Session
from core.memory.redaction_model import (
    ITEMS,
    PlaceState,
    Redaction,
    Secret,
    place_document,
)
from core.memory.redaction_news import RedactionNews
from core.memory.redaction_store import RedactionStore
from core.memory.service import Memory
from core.redaction.places import Derived, Order, Reached

LEASE = 120.0
FIRST, LONGEST = 5.0, 600.0
TRIES = 50
ENDED = "its session has ended: nobody knows any more what was to go"
# Asked for each round: they sign with a key that may be away at first.
Places = Callable[[], Awaitable[Sequence[Derived]]]
log = structlog.get_logger()


class Reaching:
    """Every method raises StoreUnavailableError, and MemoryKeyError where it opens.

    RedactionElsewhereError is raised when another process has taken it up meanwhile.
    """

    def __init__(
        self,
        memory: Memory,
        store: RedactionStore,
        covering: Covering,
        news: RedactionNews,
        *,
        clock: Clock,
    ) -> None:
        self._memory = memory
        self._store = store
        self._covering = covering
        self._news = news
        self._clock = clock
        self.places: Places | None = None

    async def names(self) -> tuple[str, ...]:
        """Return the kinds of places that are gone through here."""
        places = await self.places() if self.places is not None else ()
        return (ITEMS, *(place.name for place in places))

    async def go_on(self, redaction: Redaction) -> Redaction:
        """Do what is left of one that this process has; returns it as it is then.

        Everything is gone through again until one whole round finds nothing left: what
        was read before it was cut here may have been written there since.
        """
        session = await self._memory.store.get(redaction.session_id)
        if session is None or session.key is None or redaction.sealed is None:
            lost = {
                name: replace(redaction.places.get(name, PlaceState()), left=ENDED)
                for name in redaction.places
            }
            return await self.put_off(replace(redaction, places=lost))
        redaction, secret = await self._marked(session, redaction)
        if not redaction.told:
            await self._news.requested(redaction)
            await self.change(redaction, told=True)
            redaction = replace(redaction, told=True)

        async def in_memory() -> Reached:
            return await self._in_memory(session, redaction, secret)

        redaction = await self._ask(redaction, ITEMS, in_memory)
        if rules.reaches(secret.texts):
            if self.places is None:
                # Whoever serves knows them all.
                return await self.put_off(redaction)
            order = _order(redaction, secret)
            for place in await self.places():
                ask = partial(place.redact, order)
                redaction = await self._ask(redaction, place.name, ask)
        if any(one.left for one in redaction.places.values()):
            return await self.put_off(redaction)
        return await self._complete(redaction)

    async def _marked(
        self, session: Session, redaction: Redaction
    ) -> tuple[Redaction, Secret]:
        """Append the marker if whoever was asked for it died before."""
        for _ in range(TRIES):
            seen = await self._covering.look(session, redaction.id)
            secret = unsealed(seen.opened.sealer, session, redaction)
            if seen.markers:
                return redaction, secret
            try:
                plan, secret = self._covering.plan(
                    seen, secret.target, secret, redaction.purpose
                )
            except RedactionTargetError:
                # What it names was erased meanwhile; its texts may be elsewhere.
                return redaction, secret
            if not plan.seqs:
                return redaction, secret
            redaction = planned(redaction, plan, seen.opened.epoch + 1)
            redaction = replace(
                redaction, sealed=sealed(seen.opened.sealer, session, redaction, secret)
            )
            await self.change(
                redaction,
                sealed=Binary(redaction.sealed or b""),
                items=list(redaction.items),
                length=redaction.length,
                epoch=redaction.epoch,
            )
            if await self._covering.mark(seen, plan, redaction):
                return redaction, secret
        raise SessionMovedError(session_id=session.id, head="?", expected="?")

    async def _in_memory(
        self, session: Session, redaction: Redaction, secret: Secret
    ) -> Reached:
        """Go through the session, and all others of its repository."""
        changed = await self._covering.cover(session, redaction, secret)
        left: list[str] = []
        if session.scope.repository is None or not rules.reaches(secret.texts):
            return Reached(changed=changed)
        for other in await self._memory.store.of_repository(session.scope.repository):
            if other.id == session.id:
                continue
            if other.state != "live":
                left.append(f"session {other.id} is about to end")
                continue
            try:
                changed += await self._covering.cover(other, redaction, secret)
            except (SessionHeldError, SealBrokenError, MemoryKeyError) as error:
                left.append(str(error))
        return Reached(changed=changed, left=" ".join(left))

    async def _ask(
        self, redaction: Redaction, name: str, ask: Callable[[], Awaitable[Reached]]
    ) -> Redaction:
        """Have a place gone through; one that is away is asked again later."""
        try:
            reached = await ask()
        except UnavailableError as error:
            reached = Reached(left=str(error))
        now = self._clock.now()
        state = redaction.places.get(name, PlaceState()).after(reached, now)
        await self._news.reached(redaction, name, state)
        until = now + timedelta(seconds=LEASE)
        document = place_document(state)
        await self.change(redaction, **{f"places.{name}": document, "due_at": until})
        return redaction.with_place(name, state)

    async def _complete(self, redaction: Redaction) -> Redaction:
        await self._news.completed(redaction)
        now = self._clock.now()
        fields = {"status": "complete", "completed_at": now}
        if not await self._store.change(redaction, fields, unset=("sealed", "due_at")):
            raise RedactionElsewhereError(redaction_id=redaction.id)
        log.info(
            "memory.redacted", redaction_id=redaction.id, changed=redaction.changed
        )
        return replace(
            redaction, status="complete", completed_at=now, sealed=None, due_at=None
        )

    async def put_off(self, redaction: Redaction) -> Redaction:
        """Let whoever comes take it up again, later each time."""
        wait = min(FIRST * 2 ** min(redaction.attempts, 10), LONGEST)
        due_at = self._clock.now() + timedelta(seconds=wait)
        places = {name: place_document(one) for name, one in redaction.places.items()}
        await self.change(redaction, places=places, due_at=due_at)
        left = {name: one.left for name, one in redaction.places.items() if one.left}
        log.warning("memory.redaction_pending", redaction_id=redaction.id, left=left)
        return replace(redaction, due_at=due_at)

    async def change(self, redaction: Redaction, **fields: object) -> None:
        """Keep how far it is; raises RedactionElsewhereError."""
        if not await self._store.change(redaction, fields):
            raise RedactionElsewhereError(redaction_id=redaction.id)


def planned(redaction: Redaction, plan: rules.Plan, epoch: int) -> Redaction:
    """Return a redaction with what it will change in its session."""
    length = rules.bucket(plan.length)
    return replace(redaction, items=plan.seqs, length=length, epoch=epoch)


def sealed(
    sealer: Sealer, session: Session, redaction: Redaction, secret: Secret
) -> bytes:
    """Return what is to go, sealed for this redaction alone."""
    aad = _place(session, redaction).aad()
    return sealer.seal(canonical.dumps(secret.value()), aad)


def unsealed(sealer: Sealer, session: Session, redaction: Redaction) -> Secret:
    """Return what is to go; raises SealBrokenError."""
    try:
        plain = sealer.open(redaction.sealed or b"", _place(session, redaction).aad())
    except NotAuthenticError:
        reason = f"the redaction {redaction.id} does not open"
        raise SealBrokenError(session_id=session.id, seq=0, reason=reason) from None
    return Secret.of(json.loads(plain))


def _place(session: Session, redaction: Redaction) -> Place:
    return Place(
        tenant=session.scope.tenant,
        session_id=session.id,
        kind=redaction.id,
        seq=0,
        field="needles",
        revision=1,
    )


def _order(redaction: Redaction, secret: Secret) -> Order:
    return Order(
        redaction_id=redaction.id,
        session_id=redaction.session_id,
        repository=redaction.repository,
        pull=redaction.pull,
        needles=rules.needles_of(secret.texts, redaction.id),
        actor=redaction.actor,
        reason=redaction.reason,
    )
