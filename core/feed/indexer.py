"""Indexes the feed beside the feeder, block by block, whichever process comes to it."""

import asyncio
from dataclasses import replace

import structlog

from core.clock import Clock
from core.errors import FeedDamagedError, StoreUnavailableError
from core.events.bus import Bell, Bus
from core.feed import stretch
from core.feed.cuts import Cuts
from core.feed.index import Block, block_from, prints_in
from core.feed.index_store import FeedIndex
from core.feed.just_fed import JustFed
from core.feed.page import FeedEntry
from core.feed.reader import FeedReader
from core.feed.stretch import block_of
from core.store.database import Database
from core.store.roles import Lease, Roles

ROLE = "indexer"
LEASE = 30.0
RENEW = 10.0
# How often it looks while nothing tells it that there is more.
LOOK = 2.0
# After a block it rests so many times as long as that took: others come first.
SHARE = 3
log = structlog.get_logger()


class Indexer:
    """Adds each block once it is full; what is behind the last one is read by all.

    A block follows from the events in it and the block before, so two that index at
    once write the same, and the second of each is refused. A crash leaves the next
    block to the next indexer.
    """

    def __init__(
        self,
        database: Database,
        *,
        holder: str,
        clock: Clock,
        bus: Bus,
        just_fed: JustFed | None = None,
    ) -> None:
        self._holder = holder
        self._clock = clock
        self._bus = bus
        self._just_fed = just_fed or JustFed()
        self._feed = FeedReader(database)
        self._index = FeedIndex(database)
        self._roles = Roles(database, clock=clock)
        self._cuts = Cuts(database, clock=clock)
        self._cuts_seen: int | None = None
        self._next: int | None = None
        self._before: Block | None = None
        self._look_at = 0.0
        self._stopping = False
        self._stopped = Bell()

    async def run(self) -> None:
        """Index, or wait for the role, until `stop` is called."""
        lease: Lease | None = None
        renew_at = 0.0
        while not self._stopping:
            seen = self._bus.paged.rings
            try:
                if self._cuts_seen is None:
                    await self._was_cut()
                if self._clock.monotonic() >= renew_at:
                    lease = await self._held(lease)
                    renew_at = self._clock.monotonic() + RENEW
                if lease is not None and await self._pace():
                    continue
            except StoreUnavailableError as error:
                log.warning("indexer.waiting", reason=str(error))
                self._next = None
            except Exception:
                # Readers do without it, and it must not end what runs beside it.
                log.exception("indexer.failed")
                self._next = None
                await self._stopped.wait(0, seconds=RENEW, clock=self._clock)
            await self._rest(lease, seen)
        await self._give_away(lease)

    def stop(self) -> None:
        """Finish the block in hand and give the role away."""
        self._stopping = True
        self._stopped.ring()
        self._bus.paged.ring()

    async def index_once(self) -> int:
        """Index what is full by now, whoever has the role; returns how many blocks.

        Raises StoreUnavailableError, FeedDamagedError when pages are missing.
        """
        count = 0
        while await self._one_block():
            count += 1
        return count

    async def rebuild(self, position: int) -> bool:
        """Make the block of a position anew from its pages, after one was changed.

        False when it is not indexed, and so needs nothing. Raises
        StoreUnavailableError.
        """
        block = await self._index.at(position)
        if block is None:
            return False
        entries = await self._feed.between(block.first, block.last)
        made = await asyncio.to_thread(prints_in, entries)
        return await self._index.replace(replace(block, prints=made))

    async def _held(self, lease: Lease | None) -> Lease | None:
        if lease is not None:
            return await self._roles.renew(lease, LEASE)
        self._next = None
        return await self._roles.take(ROLE, self._holder, LEASE)

    async def _pace(self) -> bool:
        began = self._clock.monotonic()
        if not await self._one_block():
            return False
        await self._clock.sleep(SHARE * (self._clock.monotonic() - began))
        return True

    async def _one_block(self) -> bool:
        if self._cuts_seen is None:
            await self._was_cut()
        if self._next is None:
            self._next = await self._index.end(await self._feed.oldest())
            self._before = await self._index.at(self._next - 1)
            self._look_at = 0.0
        block = block_of(self._next)
        entries = await self._entries(block.first, block.last)
        if entries is None:
            return False
        if len(entries) < stretch.LENGTH:
            if await self._feed.oldest() <= block.first:
                raise FeedDamagedError(position=block.first - 1 + len(entries))
            self._next = None  # it was trimmed meanwhile
            return await self._one_block()
        made = await asyncio.to_thread(block_from, entries, self._before)
        await self._index.add(made)
        if await self._was_cut():
            await self.rebuild(block.first)
        self._next, self._before = block.last + 1, made
        return True

    async def _entries(self, first: int, last: int) -> tuple[FeedEntry, ...] | None:
        """Return what is kept of a block, None while it is not full."""
        kept = self._just_fed.between(first, last)
        if kept is not None:
            old = await self._was_cut()
            return await self._feed.between(first, last) if old else kept
        if self._clock.monotonic() < self._look_at:
            return None
        if not await self._feed.reaches(last):
            self._look_at = self._clock.monotonic() + LOOK
            return None
        return await self._feed.between(first, last)

    async def _was_cut(self) -> bool:
        """Return whether what this process remembers of the feed may be old."""
        count = await self._cuts.count()
        known, self._cuts_seen = self._cuts_seen, count
        if known in (None, count):
            return False
        self._just_fed.forget()
        return True

    async def _rest(self, lease: Lease | None, seen: int) -> None:
        """Wait for more of the feed, or for another chance to have the role."""
        if lease is None:
            await self._stopped.wait(0, seconds=RENEW, clock=self._clock)
        else:
            await self._bus.paged.wait(seen, seconds=LOOK, clock=self._clock)

    async def _give_away(self, lease: Lease | None) -> None:
        if lease is None:
            return
        try:
            await self._roles.release(lease)
        except StoreUnavailableError as error:
            log.warning("indexer.left", reason=str(error))
