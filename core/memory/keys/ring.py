"""The keyring: which keys count, which one wraps, and proof that each is itself.

Rotation goes in four steps, with the service running: a key is *added* everywhere,
*promoted* to wrap what is new, everything older is *re-wrapped* with it, and the old
one is *retired*. What the ring knows of a key lies in the database beside what was
wrapped, so all processes agree; the keys themselves never do.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace

from core.clock import Clock
from core.errors import (
    ConcurrencyError,
    MemoryKeyAwayError,
    MemoryKeyMissingError,
    MemoryKeyRetiredError,
    MemoryKeyWrongError,
    MemoryRingMissingError,
    MemoryWrapBrokenError,
)
from core.memory.envelope import FORMAT, framed
from core.memory.keys.provider import KeyProvider
from core.memory.keys.state import (
    KeyChange,
    Ring,
    RingKey,
    Untold,
    retirable,
    unretired,
    wished,
)
from core.memory.keys.store import RingStore
from core.memory.model import WrappedKey
from core.store.database import Database

CANARY = b"nofx canary: this key is the one that it says it is"
STREAM = "keyring/memory"
# So long a process goes by what it has read of the ring.
CACHED = 5.0
TRIES = 20


class KeyRing:
    """Wraps sessions' keys with the active key, and unwraps by the id beside them.

    A key is chosen by its id, never by trial, and proved before its first use. Every
    method raises MemoryKeyError and StoreUnavailableError.
    """

    def __init__(
        self, database: Database, provider: KeyProvider, *, clock: Clock
    ) -> None:
        self.store = RingStore(database)
        self.provider = provider
        self._clock = clock
        self._known: tuple[Ring, float] | None = None
        self._proved: set[str] = set()
        self._opening = asyncio.Lock()
        self._open = False
        self._tell: Callable[[], Awaitable[None]] | None = None

    def told_by(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Let somebody tell of what is not told yet, as soon as the ring is opened."""
        self._tell = tell

    async def ready(self) -> None:
        """Open the ring once; until that succeeds, nothing is wrapped or unwrapped."""
        if not self._open:
            async with self._opening:
                if not self._open:
                    await self.open()
                    if self._tell is not None:
                        await self._tell()

    async def open(self) -> str:
        """Prove the keys that are in use; returns the active one's id.

        The first start makes the provider's first key the active one. Raises
        MemoryKeyMissingError and MemoryKeyWrongError: then nothing may be written.
        """
        ring = await self.store.get() or await self._begin()
        self._keep(ring)
        for key in ring.keys:
            if key.retired_at is None:
                await self._prove_or_miss(key, needed=key.id == ring.active)
        self._open = True
        return ring.active

    async def ring(self) -> Ring:
        """Return the ring as it is now; raises MemoryKeyMissingError without one."""
        found = await self.store.get()
        if found is None:
            raise MemoryKeyMissingError(key_id="(any)")
        self._keep(found)
        return found

    async def add(self, key_id: str, *, actor: str = "") -> RingKey:
        """Make a key known, with a canary that proves it; once is enough.

        Raises MemoryKeyWishError for one that was retired.
        """
        await self.ready()
        made: RingKey | None = None

        def added(ring: Ring) -> Ring | None:
            known = ring.get(key_id)
            if known is not None and known.retired_at is not None:
                raise wished(key_id, "added", "a key of this name was retired")
            if known is not None or made is None:
                return None
            return ring.with_key(made).told(_told("added", key_id, actor))

        if (known := (await self._change(added)).get(key_id)) is None:
            made = await self._made(key_id)
            known = (await self._change(added)).get(key_id) or made
        await self.prove(known)
        return known

    async def promote(self, key_id: str, *, actor: str = "") -> None:
        """Wrap what is new with this key from now on; raises MemoryKeyWishError."""
        await self.ready()
        now = self._clock.now()
        await self.prove(unretired(await self.ring(), key_id, "promoted"))

        def promoted(ring: Ring) -> Ring | None:
            key = unretired(ring, key_id, "promoted")
            if ring.active == key_id:
                return None
            return ring.promoted(key, now).told(_told("promoted", key_id, actor))

        await self._change(promoted)

    async def retire(
        self, key_id: str, *, actor: str = "", reason: str = "", lost: int = 0
    ) -> None:
        """Let a key open nothing any more; `lost` is what was still under it.

        Raises MemoryKeyWishError for the active key, or one that was active a moment
        ago. Whether something is under it is for the caller to see.
        """
        await self.ready()
        now = self._clock.now()
        told = _told("retired", key_id, actor)

        def retired(ring: Ring) -> Ring | None:
            key = retirable(ring, key_id, now)
            if key.retired_at is not None:
                return None
            later = replace(told, reason=reason, lost=lost)
            return ring.with_key(replace(key, retired_at=now)).told(later)

        await self._change(retired)

    async def forget_told(self, told: Untold) -> None:
        """Take off the list what the journal and the audit have."""

        def without(ring: Ring) -> Ring | None:
            left = tuple(one for one in ring.untold if one != told)
            if len(left) == len(ring.untold):
                return None
            return replace(ring, untold=left, revision=ring.revision + 1)

        await self._change(without)

    async def wrap(self, secret: bytes, context: bytes) -> WrappedKey:
        """Wrap a session's key with the active key."""
        await self.ready()
        active = await self._active()
        await self.prove(active)
        bound = _context(active.id, context)
        data = await self.provider.wrap(active.id, secret, bound)
        # What does not open again would lose the session.
        if await self.provider.unwrap(active.id, data, bound) != secret:
            reason = "what it wraps does not open again"
            raise MemoryKeyAwayError(key_id=active.id, reason=reason)
        return WrappedKey(kek=active.id, data=data)

    async def allows(self, key_id: str) -> bool:
        """Return whether what is under a key may still be used; False once retired."""
        key = (await self._recent()).get(key_id)
        return key is None or key.retired_at is None

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """Return a session's key; raises MemoryKeyRetiredError too."""
        return await self._unwrap(wrapped, context, retired=False)

    async def rewrap(self, wrapped: WrappedKey, context: bytes) -> WrappedKey:
        """Return the same secret under the active key, one revision on.

        What slipped under a key while that was being retired is opened once more.
        """
        secret = await self._unwrap(wrapped, context, retired=True)
        later = await self.wrap(secret, context)
        return replace(later, revision=wrapped.revision + 1)

    async def _unwrap(
        self, wrapped: WrappedKey, context: bytes, *, retired: bool
    ) -> bytes:
        await self.ready()
        key = await self._get(wrapped.kek)
        if key.retired_at is not None and not retired:
            raise MemoryKeyRetiredError(key_id=key.id)
        await self.prove(key)
        bound = _context(key.id, context)
        try:
            return await self.provider.unwrap(key.id, wrapped.data, bound)
        except MemoryKeyWrongError:
            # The key was proved: it is what was wrapped that is wrong.
            raise MemoryWrapBrokenError(key_id=key.id) from None

    async def _begin(self) -> Ring:
        """Return the first ring, this process's or that of one that was first."""
        if (used := await self.store.used()) is not None:
            raise MemoryRingMissingError(key_id=used)
        ids = await self.provider.ids()
        if not ids:
            raise MemoryKeyMissingError(key_id="(any)")
        key = replace(await self._made(ids[0]), promoted_at=self._clock.now())
        told = (_told("added", key.id, "nofx"), _told("promoted", key.id, "nofx"))
        ring = Ring(revision=0, active=key.id, keys=(key,)).told(*told)
        if not await self.store.add(ring):
            return await self.ring()
        return ring

    async def _made(self, key_id: str) -> RingKey:
        canary = await self.provider.wrap(key_id, CANARY, _context(key_id, b"canary"))
        return RingKey(
            id=key_id,
            canary=canary,
            check=await self.provider.check(key_id),
            added_at=self._clock.now(),
        )

    async def _change(self, change: Callable[[Ring], Ring | None]) -> Ring:
        """Change the ring as it is now; None leaves it."""
        for _ in range(TRIES):
            before = await self.ring()
            after = change(before)
            if after is None:
                return before
            if await self.store.change(before, after):
                self._keep(after)
                return after
        raise ConcurrencyError(stream=STREAM, seq=0)

    async def _active(self) -> RingKey:
        ring = await self._recent()
        return await self._get(ring.active)

    async def _get(self, key_id: str) -> RingKey:
        found = (await self._recent()).get(key_id) or (await self.ring()).get(key_id)
        if found is None:
            raise MemoryKeyMissingError(key_id=key_id)
        return found

    async def _recent(self) -> Ring:
        if self._known is not None:
            ring, read_at = self._known
            if self._clock.monotonic() - read_at < CACHED:
                return ring
        return await self.ring()

    def _keep(self, ring: Ring) -> None:
        self._known = ring, self._clock.monotonic()

    async def _prove_or_miss(self, key: RingKey, *, needed: bool) -> None:
        try:
            await self.prove(key)
        except (MemoryKeyMissingError, MemoryKeyAwayError):
            # It is missed when something under it is read; a wrong one ends it all.
            if needed:
                raise

    async def prove(self, key: RingKey) -> None:
        """Raise unless the provider's key is the one that was added."""
        if key.id in self._proved:
            return
        if key.check is not None:
            check = await self.provider.check(key.id)
            if check is None or not hmac.compare_digest(check, key.check):
                raise MemoryKeyWrongError(key_id=key.id)
        context = _context(key.id, b"canary")
        if await self.provider.unwrap(key.id, key.canary, context) != CANARY:
            raise MemoryKeyWrongError(key_id=key.id)
        self._proved.add(key.id)


def _told(change: KeyChange, key_id: str, actor: str) -> Untold:
    return Untold(number=0, change=change, key_id=key_id, actor=actor)


def _context(key_id: str, what: bytes) -> bytes:
    return framed(FORMAT, key_id.encode(), what)
