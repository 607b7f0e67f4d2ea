"""Follows the feed for everybody in this process who listens to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass

import structlog

from core.clock import Clock
from core.errors import StoreUnavailableError
from core.events.bus import Bell, Bus
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.live.backlog import Backlog, Shared
from core.live.frames import frame
from core.live.recent import Chunk, Recent

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class TailPace:
    """Seconds between two looks at the feed, and between two rings without news.

    `shortest` lies between two looks after something came, `longest` between two when
    nothing does: it is how late an event of another process's feeder can be then. After
    a ring it rests for `share` times as long as the listeners took, so that under load
    chunks get longer instead of more. `warm` is how many events it begins with.
    """

    shortest: float = 0.01
    longest: float = 0.5
    share: float = 2.0
    tick: float = 5.0
    warm: int = 1000
    batch: int = 500


class Tail:
    """The end of the feed as one process sees it; listeners hold a position and wait.

    It looks at the database only while somebody listens. There is no queue: who is slow
    reads what follows its own position, from the frames kept here or from the feed.
    """

    def __init__(
        self,
        reader: FeedReader,
        replay: Replay,
        *,
        bus: Bus,
        clock: Clock,
        pace: TailPace | None = None,
    ) -> None:
        self.bell = Bell()
        self.closed = False
        self._reader = reader
        self._bus = bus
        self._clock = clock
        self._pace = pace or TailPace()
        self._recent = Recent(0)
        self._backlog = Backlog(reader, replay)
        self._oldest = 1
        self._floor: Shared[str, int] = Shared(
            lambda _: reader.oldest(), asyncio.Semaphore()
        )
        self._listeners = 0
        self._cuts = bus.cut.rings
        self._begun: asyncio.Task[None] | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def head(self) -> int:
        """Return the last position that is known here."""
        return self._recent.head

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Follow the feed while the body runs; raises StoreUnavailableError."""
        self._listeners += 1
        try:
            if self._begun is None:
                # For all who will listen, so what it logs names none of them.
                self._begun = asyncio.create_task(self._begin(), context=Context())
            await asyncio.shield(self._begun)
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                await self._end()

    async def read(self, position: int, wanted: EventFilter) -> Chunk | None:
        """Return what follows a position, None at the head.

        A chunk that begins later than right after the position says that what lay
        between was trimmed. Raises StoreUnavailableError.
        """
        if position >= self.head:
            return None
        self._forget_cut()
        if position + 1 >= self._recent.oldest:
            return self._recent.after(position, wanted)
        chunk = await self._backlog.after(position, wanted)
        if chunk is None:
            kept = await self.oldest()
            return await self.read(kept - 1, wanted) if kept > position + 1 else None
        return chunk

    async def refresh(self) -> int:
        """Look at the feed now; returns its head. Raises StoreUnavailableError."""
        await self._look()
        return self.head

    async def oldest(self) -> int:
        """Return the first position that is kept; what is older is not told any more.

        Raises StoreUnavailableError.
        """
        oldest = await self._floor.get("oldest")
        if oldest > self._oldest:
            self._oldest = oldest
            self._recent.forget_before(oldest)
            self._backlog.forget()
        return oldest

    def close(self) -> None:
        """Wake everybody who listens, for good."""
        self.closed = True
        self.bell.ring()

    def _forget_cut(self) -> None:
        """Read anew what was kept here, once something was cut out of the feed."""
        if self._cuts != self._bus.cut.rings:
            self._cuts = self._bus.cut.rings
            self._recent = Recent(self.head)
            self._backlog.forget()

    async def _begin(self) -> None:
        try:
            head = await self._reader.head()
            self._recent = Recent(max(head - self._pace.warm, 0))
            while self.head < head and await self._look():
                continue
        except StoreUnavailableError:
            self._begun = None
            raise
        self._tasks = (
            asyncio.create_task(self._follow()),
            asyncio.create_task(self._tick()),
        )

    async def _end(self) -> None:
        ending = [*self._tasks, *([self._begun] if self._begun else [])]
        self._tasks, self._begun = (), None
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _follow(self) -> None:
        delay = self._pace.shortest
        while True:
            seen = self._bus.paged.rings
            try:
                found = await self._look()
            except StoreUnavailableError as error:
                log.warning("tail.waiting", reason=str(error))
                found, delay = False, self._pace.longest
            except Exception as error:  # listeners wait for what comes
                log.exception("tail.failed", reason=str(error))
                found, delay = False, self._pace.longest
            if found:
                await self._rest()
                delay = self._pace.shortest
                continue
            await self._bus.paged.wait(seen, seconds=delay, clock=self._clock)
            delay = min(2 * delay, self._pace.longest)

    async def _look(self) -> bool:
        """Take in what has come; returns whether anything has."""
        entries = await self._reader.after(self.head, limit=self._pace.batch)
        follows = entries and entries[0].position <= self.head + 1
        oldest = 0 if follows else await self._reader.oldest()
        if oldest > self.head + 1:
            # This process slept so long that what it would go on with was trimmed.
            self._recent = Recent(oldest - 1)
            return await self._look()
        # Somebody else may have looked meanwhile.
        new = [frame(one) for one in entries if one.position > self.head]
        if not new or new[0].position != self.head + 1:
            return False
        self._recent.add(new)
        self.bell.ring()
        return True

    async def _rest(self) -> None:
        began = self._clock.monotonic()
        # All who were woken write in this turn of the loop.
        await asyncio.sleep(0)
        took = self._clock.monotonic() - began
        await self._clock.sleep(max(self._pace.shortest, self._pace.share * took))

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(self._pace.tick)
            self.bell.ring()
