"""Tells in the journal what became of deliveries, after GitHub has its answer."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from cachetools import LRUCache

from bot.webhooks.news import Mask, Untold
from bot.webhooks.outbox import Outbox
from core.clock import Clock
from core.errors import ConcurrencyError, StoreUnavailableError
from core.events.bus import Bell
from core.events.commit import Commit
from core.events.journal import Journal

# After a round it rests so many times as long as that took.
SHARE = 3
# Most reasons are of a few sentences; to look for secrets in one takes long, and the
# first time seconds, in which deliveries must be acknowledged.
REASONS = 1024
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many deliveries a look finds and a round tells of, and the seconds between.

    Whoever acknowledges deliveries meanwhile waits for a round's writes, so rounds are
    short. `shortest` is the least rest after one, `poll` how often it looks for what
    other processes left behind.
    """

    most: int = 1000
    round: int = 12
    shortest: float = 0.01
    poll: float = 5.0


class Announcer:
    """Appends an event for each piece of news, then takes it out of the outbox.

    Between the two it may die: whoever tells it again finds that it stands. Any number
    may run beside each other. `news` rings when there is some of this process's own.
    """

    def __init__(
        self,
        outbox: Outbox,
        journal: Journal,
        *,
        news: Bell,
        mask: Mask,
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        self._outbox = outbox
        self._journal = journal
        self._news = news
        self._mask = mask
        self._masked: LRUCache[str, str] = LRUCache(REASONS)
        self._clock = clock
        self._pace = pace or Pace()
        self._stopping = False
        self._stopped = Bell()
        self._poll_at = 0.0
        self._found: deque[Untold] = deque()
        self._broken: set[str] = set()

    async def run(self) -> None:
        """Tell what there is, and wait for more, until `stop` is called."""
        while not self._stopping:
            seen, began = self._news.rings, self._clock.monotonic()
            count = await self._tried()
            if count:
                # Under load rounds get longer instead of more.
                took = self._clock.monotonic() - began
                rest = max(self._pace.shortest, SHARE * took)
                await self._rest(min(rest, self._pace.poll))
            else:
                await self._news.wait(
                    seen, seconds=self._pace.poll * _jitter(), clock=self._clock
                )
        await self._tried()

    def stop(self) -> None:
        """Tell what there is once more, and end."""
        self._stopping = True
        self._stopped.ring()
        self._news.ring()

    async def tell(self) -> int:
        """Tell of what was found, or look for more; returns of how many deliveries.

        Raises StoreUnavailableError; what has been told by then is not told again.
        """
        if not self._found:
            await self._look()
        count = min(self._pace.round, len(self._found))
        await self._tell([self._found.popleft() for _ in range(count)])
        return count

    async def _look(self) -> None:
        found = await self._outbox.own(most=self._pace.most)
        if self._clock.monotonic() >= self._poll_at:
            found += await self._outbox.left(most=self._pace.most)
            self._poll_at = self._clock.monotonic() + self._pace.poll * _jitter()
        each = {one.guid: one for one in found if one.guid not in self._broken}
        self._found.extend(each.values())

    async def _tried(self) -> int:
        try:
            return await self.tell()
        except StoreUnavailableError as error:
            log.warning("announcer.waiting", reason=str(error))
        except Exception:
            # What it is about is kept, and deliveries are worked all the same.
            log.exception("announcer.failed")
        self._found.clear()
        await self._rest(self._pace.poll)
        return 0

    async def _tell(self, found: Sequence[Untold]) -> None:
        reasons = {news.reason for one in found for news in one.news}
        mask = {one: await self._clean(one) for one in reasons}.__getitem__
        # All at once, so that they share the journal's inserts.
        ends = await asyncio.gather(
            *(self._tell_one(one, mask) for one in found), return_exceptions=True
        )
        pairs = list(zip(found, ends, strict=True))
        await self._outbox.told(one for one, end in pairs if end is None)
        for one, end in pairs:
            if end is None:
                continue
            if isinstance(end, StoreUnavailableError) or not isinstance(end, Exception):
                raise end
            # It must not hold up the others. Another start tries it again.
            log.error("announcer.refused", delivery=one.guid, exc_info=end)
            self._broken.add(one.guid)

    async def _tell_one(self, one: Untold, mask: Mask) -> None:
        """Append what is missing in the delivery's stream."""
        told: tuple[Commit, ...] = ()
        if not one.news[0].begins:
            told = await self._journal.read(one.stream)
        while missing := one.missing(told):
            head = told[-1] if told else None
            try:
                for news in missing:
                    draft = one.draft(news, head, mask)
                    head = await self._journal.append(draft)
            except ConcurrencyError:
                told = await self._journal.read(one.stream)
            else:
                return

    async def _clean(self, reason: str) -> str:
        """Return a reason without secrets; each is looked through once."""
        known = self._masked.get(reason)
        if known is None:
            known = await asyncio.to_thread(self._mask, reason)
            self._masked[reason] = known
        return known

    async def _rest(self, seconds: float) -> None:
        if not self._stopping:
            await self._stopped.wait(
                self._stopped.rings, seconds=seconds, clock=self._clock
            )


def _jitter() -> float:
    return random.uniform(0.7, 1.3)  # noqa: S311 # no secret
