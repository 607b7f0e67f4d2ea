"""Rotates the keys with the service running, and answers for it.

What changed is first written into the ring, together with the duty to tell of it, and
then told in the journal and the audit: a death in between leaves the telling to whoever
comes next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from core.audit.service import Audit
from core.clock import Clock
from core.errors import MemoryKeyError, MemoryKeyUsedError
from core.events import schema
from core.events.base import Payload
from core.events.journal import Journal
from core.memory.keys.ring import STREAM, KeyRing
from core.memory.keys.state import KeyState, RingKey, Untold, retirable
from core.memory.keys.wrapped import SESSION, Wrapped
from core.memory.telling import Telling
from core.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What a re-wrapping did; `broken` are `collection/_id` of what does not open."""

    active: str
    moved: int
    left: int
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A key with what is under it, by collection; `trouble` says why it is of no use.

    `trouble` is empty for a key that is proved here.
    """

    key: RingKey
    state: KeyState
    under: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""


class Rotation:
    """Every method raises MemoryKeyError and StoreUnavailableError.

    `actor` is who asked for it, such as `cli:ada`.
    """

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        *,
        journal: Journal,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._ring = ring
        self._wrapped = Wrapped(database, ring)
        self._telling = Telling(journal, clock=clock)
        self._audit = audit
        self._clock = clock
        ring.told_by(self.tell)

    async def keys(self) -> tuple[KeyLine, ...]:
        """Return every key that was ever added, oldest first, also without the keys."""
        if (ring := await self._ring.store.get()) is None:
            await self._ring.ready()
            ring = await self._ring.ring()
        return tuple(
            [
                KeyLine(
                    key=key,
                    state=ring.state(key),
                    under=await self._wrapped.under(key.id),
                    trouble=await self._trouble(key),
                )
                for key in ring.keys
            ]
        )

    async def add(self, key_id: str, *, actor: str) -> None:
        """Make a key known that every process was given; raises MemoryKeyWishError."""
        await self._ring.add(key_id, actor=actor)
        await self.tell()

    async def promote(self, key_id: str, *, actor: str) -> None:
        """Wrap what is new with this key from now on; raises MemoryKeyWishError."""
        await self._ring.promote(key_id, actor=actor)
        await self.tell()

    async def rewrap(self, *, actor: str, most: int | None = None) -> Rewrapped:
        """Wrap with the active key what is under others, `most` of it at this call.

        It goes on where an earlier one was ended, and beside another.
        """
        await self._ring.ready()
        ring = await self._ring.ring()
        broken: set[str] = set()
        moved, left = 0, 0
        for key in ring.keys:
            under = sum((await self._wrapped.under(key.id)).values())
            if key.id == ring.active or not under:
                continue
            if key.retired_at is not None and await self._trouble_of(key):
                # Lost for good: that must not keep anything else under an old key.
                broken |= await self._wrapped.named(key.id)
            elif most is None or moved < most:
                most_here = None if most is None else most - moved
                moved += await self._wrapped.move(key.id, most_here, broken)
                under = sum((await self._wrapped.under(key.id)).values())
            left += under
        if moved:
            await self._tell_moved(ring.active, moved, actor)
        return Rewrapped(
            active=ring.active, moved=moved, left=left, broken=tuple(sorted(broken))
        )

    async def retire(
        self, key_id: str, *, actor: str, reason: str = "", force: bool = False
    ) -> int:
        """Let a key open nothing any more; return how many sessions that takes away.

        Raises MemoryKeyWishError, and without `force` MemoryKeyUsedError while anything
        is under the key.
        """
        await self._ring.ready()
        retirable(await self._ring.ring(), key_id, self._clock.now())
        under = await self._wrapped.under(key_id)
        lost = under.get(SESSION.collection, 0)
        if under and not force:
            raise MemoryKeyUsedError(key_id=key_id, used=sum(under.values()))
        await self._ring.retire(key_id, actor=actor, reason=reason, lost=lost)
        await self.tell()
        return lost

    async def tell(self) -> None:
        """Tell of every change that is not told yet: the journal once, the audit too.

        Who dies after the audit and before the journal leaves an entry of the audit to
        be written twice; both have the same number.
        """
        for one in (await self._ring.ring()).untold:
            await self._audit.record(_entry(one))
            await self._telling.tell_on(STREAM, partial(_news, one))
            await self._ring.forget_told(one)

    async def _tell_moved(self, active: str, moved: int, actor: str) -> None:
        await self._audit.record(
            schema.AuditRecorded(
                actor=actor,
                action="memory_key.rewrapped",
                subject=f"{STREAM}/{active}",
                facts={"rewrapped": moved},
            )
        )
        event = schema.MemoryKeyChanged(
            key_id=active, change="rewrapped", rewrapped=moved, actor=actor
        )
        await self._telling.say_on(STREAM, event)

    async def _trouble(self, key: RingKey) -> str:
        return "" if key.retired_at is not None else await self._trouble_of(key)

    async def _trouble_of(self, key: RingKey) -> str:
        try:
            await self._ring.prove(key)
        except MemoryKeyError as error:
            return str(error)
        return ""


def _entry(one: Untold) -> schema.AuditRecorded:
    return schema.AuditRecorded(
        actor=one.actor,
        action=f"memory_key.{one.change}",
        subject=f"{STREAM}/{one.key_id}",
        reason=one.reason,
        facts={"number": one.number, "lost": one.lost},
    )


def _news(one: Untold, told: Sequence[Payload]) -> Sequence[Payload]:
    event = schema.MemoryKeyChanged(
        key_id=one.key_id,
        change=one.change,
        actor=one.actor,
        number=one.number,
        reason=one.reason,
        lost=one.lost,
    )
    return () if event in told else (event,)
