"""Session memory: opened for a scope, appended to, read in order.

An append is one insert: the unique place `session:seq` lets one writer through. The
session's document follows a moment later and seals the items in by its head, so a crash
in between loses nothing: whoever reads next finds the items behind the head, checks
their links, and goes on from there. Below the head an item that is missing is a break.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from weakref import WeakValueDictionary

from cachetools import LRUCache

from core.clock import Clock, Ids
from core.errors import (
    ItemNotFoundError,
    SessionMovedError,
    SessionNotFoundError,
)
from core.memory import chain
from core.memory.beginning import beginning, ends
from core.memory.documents import facts_from, shown
from core.memory.envelope import Sealer, context_of, new_key
from core.memory.keys.ring import KeyRing
from core.memory.marks import Marks
from core.memory.model import JSON, Draft, Facts, Item, Scope, Session
from core.memory.mortal import EXPIRED, closing
from core.memory.opened import Opened
from core.memory.policy import USUAL, Policy
from core.memory.sealing import Sealing
from core.memory.store import MemoryStore
from core.store.database import Document

CACHED = 1000
TRIES = 20
Mask = Callable[[JSON], JSON]


class Memory:
    """Every method raises StoreUnavailableError, and MemoryKeyError where it opens.

    `mask` takes secrets out of each content before it is sealed. `policy` is how long
    sessions and their items live.
    """

    def __init__(
        self,
        store: MemoryStore,
        ring: KeyRing,
        sealing: Sealing,
        *,
        clock: Clock,
        ids: Ids,
        mask: Mask,
        policy: Policy = USUAL,
    ) -> None:
        self.store = store
        self.ring = ring
        self.sealing = sealing
        self.marks = Marks(store)
        self._clock = clock
        self._ids = ids
        self._mask = mask
        self._policy = policy
        self._cached: LRUCache[str, Opened] = LRUCache(CACHED)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def session(self, session_id: str) -> Session:
        """Return a live session without opening it; raises SessionNotFoundError."""
        found = await self.store.get(session_id)
        if found is None or not found.is_live(self._clock.now()):
            raise SessionNotFoundError(session_id=session_id)
        return found

    async def of(self, scope: Scope, *, fork: bool = False) -> Session:
        """Return the live session of a scope, made if there is none."""
        for _ in range(TRIES):
            for found in await self.store.of_scope(scope.key):
                if found.is_open(self._clock.now()):
                    return found
                await self._close(found)
            made, sealer = await self._new(scope, fork=fork)
            if await self.store.add(made, **ends(self._policy, made)):
                opened = Opened(made, sealer, 0, chain.GENESIS, 0)
                self._cached[made.id] = opened
                await self.sealing.began(made)
                return made
        raise SessionMovedError(session_id=scope.key, head="?", expected="?")

    async def append(
        self,
        session_id: str,
        drafts: Sequence[Draft],
        *,
        expected: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Facts, ...]:
        """Append items; they are durable when this returns.

        Without `expected` they go behind whatever is there. Whoever derived them from
        what it read gives the `epoch` that it read at. One that is kept `once` and is
        there already is answered with the facts of the first.

        Raises SessionNotFoundError, SessionMovedError, SessionRedactedError,
        ItemTooLargeError.
        """
        left = [self._masked(draft) for draft in drafts]
        # In this process nobody races for a place; other processes may.
        async with self._turn(session_id):
            return await self._append(session_id, left, expected, epoch)

    async def _append(
        self,
        session_id: str,
        left: Sequence[Draft],
        expected: int | None,
        epoch: int | None,
    ) -> tuple[Facts, ...]:
        done: dict[int, Facts] = {}
        for _ in range(TRIES):
            opened = await self._at_end(session_id)
            opened.expect(expected, epoch)
            waiting = [place for place in range(len(left)) if place not in done]
            documents, _ = opened.sealed(
                [left[at] for at in waiting], self._clock.now()
            )
            count = await self.store.insert(documents)
            if count:
                stored = documents[:count]
                after = opened.behind(stored)
                self.keep(after)
                self.sealing.appended(after, stored)
                done |= zip(waiting, map(facts_from, stored), strict=False)
                # Where the first have their place, the rest goes behind them.
                expected = None
            if count < len(documents):
                self.forget(session_id)
                done |= await self._there(documents, waiting)
            if len(done) == len(left):
                return tuple(done[place] for place in range(len(left)))
        raise SessionMovedError(session_id=session_id, head="?", expected=expected)

    async def read(
        self, session_id: str, first: int = 1, last: int | None = None
    ) -> tuple[Item, ...]:
        """Return the items from one place to another, without what has expired.

        Raises SessionNotFoundError; SealBrokenError when an item was changed, moved,
        taken out, or put back. What is being redacted at the moment has no content.
        """
        opened = await self.opened(session_id)
        found = await self.stored(opened, first, last)
        now = self._clock.now()
        kept = [one for one in found if shown(opened.session, one, now)]
        return await self.marks.read(opened, kept)

    async def item(self, session_id: str, seq: int) -> Item:
        """Return one item; raises ItemNotFoundError as `read` raises the others."""
        found = await self.read(session_id, seq, seq) if seq > 0 else ()
        if not found:
            raise ItemNotFoundError(session_id=session_id, seq=seq)
        return found[0]

    async def stored(
        self, opened: Opened, first: int, last: int | None, *, bare: bool = False
    ) -> list[Document]:
        """Return stored items after checking that they are the session's own.

        `bare` ones come without what is sealed in them.
        """
        first = max(first, 1)
        until = opened.seq if last is None else min(last, opened.seq)
        # The one before tells what the first must follow.
        found = await self.store.items(
            opened.session.id, max(first - 1, 1), until, bare=bare
        )
        by_seq = {one["seq"]: one for one in found}
        before = chain.GENESIS
        for seq in range(max(first - 1, 1), until + 1):
            if seq not in by_seq:
                raise opened.broken(seq, "it is missing")
            if seq < first:
                before = bytes(by_seq[seq]["link"])
            else:
                before = opened.follow(before, by_seq[seq])
        return [one for one in found if one["seq"] >= first]

    async def opened(self, session_id: str) -> Opened:
        """Return a session, read anew and opened, with what is behind its head."""
        return await self.reopened(await self.session(session_id))

    async def reopened(self, session: Session) -> Opened:
        """Open a session as it was read, also one that nobody may read any more."""
        sealer = await self._sealer(session)
        if not chain.is_sealed(sealer, session.id, session.head, session.epoch):
            broken = Opened(session, sealer, 0, b"", 0)
            raise broken.broken(session.head.seq, "the head was changed")
        opened = Opened(
            session, sealer, session.head.seq, session.head.link, session.epoch
        )
        for one in await self.store.tail(session.id, session.head.seq):
            if one["seq"] != opened.seq + 1:
                raise opened.broken(opened.seq + 1, "it is missing")
            link = opened.follow(opened.link, one)
            opened = Opened(session, sealer, one["seq"], link, one["epoch"])
        self.keep(opened)
        return opened

    def keep(self, opened: Opened) -> None:
        """Remember a session as it is now."""
        self._cached[opened.session.id] = opened

    def forget(self, session_id: str) -> None:
        """Look at a session again before anything is appended to it."""
        self._cached.pop(session_id, None)

    def _turn(self, session_id: str) -> asyncio.Lock:
        return self._turns.setdefault(session_id, asyncio.Lock())

    async def close(self) -> None:
        """Seal in what was appended last."""
        await self.sealing.close()

    async def _there(
        self, documents: Sequence[Document], waiting: Sequence[int]
    ) -> dict[int, Facts]:
        """Return the facts of what is kept once and was there before, by place."""
        names = {
            one["once"]: at
            for at, one in zip(waiting, documents, strict=True)
            if "once" in one
        }
        found = await self.store.named(list(names)) if names else {}
        return {names[name]: facts_from(one) for name, one in found.items()}

    async def _at_end(self, session_id: str) -> Opened:
        known = self._cached.get(session_id)
        if known is not None and known.session.is_open(self._clock.now()):
            key = known.session.key
            if key is None or await self.ring.allows(key.kek):
                return known
        opened = await self.opened(session_id)
        if not opened.session.is_open(self._clock.now()):
            raise SessionNotFoundError(session_id=session_id)
        return opened

    async def _close(self, session: Session) -> None:
        """Let a scope begin a new session; the one that is over is erased in time."""
        if session.state == "live":
            now = self._clock.now()
            await self.store.change(session, closing(EXPIRED, now))

    async def _sealer(self, session: Session) -> Sealer:
        if session.key is None:
            raise SessionNotFoundError(session_id=session.id)
        known = self._cached.get(session.id)
        if known is not None and await self.ring.allows(session.key.kek):
            return known.sealer
        context = context_of(session.scope.tenant, session.id)
        key = await self.ring.unwrap(session.key, context)
        return Sealer(key)

    async def _new(self, scope: Scope, *, fork: bool) -> tuple[Session, Sealer]:
        now, session_id, key = self._clock.now(), self._ids.new("session"), new_key()
        sealer = Sealer(key)
        wrapped = await self.ring.wrap(key, context_of(scope.tenant, session_id))
        head = chain.head(sealer, session_id, 0, chain.GENESIS, 0)
        session = beginning(
            self._policy,
            scope,
            head,
            wrapped,
            session_id=session_id,
            fork=fork,
            now=now,
        )
        return session, sealer

    def now(self) -> datetime:
        """Return the time by which things expire."""
        return self._clock.now()

    def mask(self, content: JSON) -> JSON:
        """Return a content without the secrets in it."""
        return self._mask(content)

    def _masked(self, draft: Draft) -> Draft:
        end = self._policy.item_end(draft, self._clock.now())
        return replace(draft, content=self._mask(draft.content), expires_at=end)
