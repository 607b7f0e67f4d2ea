"""Writes the feed: one process at a time brings every writer's log into one order."""

from collections.abc import Mapping

import structlog

from core.clock import Clock
from core.errors import FeedOvertakenError, StoreUnavailableError
from core.events.bus import Bell, Bus
from core.feed.just_fed import JustFed
from core.feed.page import ROLE
from core.feed.round import Pace, Round
from core.metrics.journal import FEED_ENTRIES
from core.store.database import Database
from core.store.roles import Lease, Roles

__all__ = ["Feeder", "Pace"]
# After a round it rests so many times as long as that took, up to so many seconds: the
# longer it rests, the more the next round must feed, and so the longer that takes.
SHARE = 3
LONGEST_REST = 0.1
# When nothing comes it rests for so small a part of the time since something did.
QUIET = 30
AFTER_ERROR = 0.5
log = structlog.get_logger()


class Feeder:
    """Feeds while it holds the role, and waits for the role otherwise.

    The lease only keeps feeders from working in vain. Right is decided by the pages:
    each follows from the one before it, and of two that follow the same one only one
    can be inserted. So a feeder that woke up late, or a wrong clock, can do no harm.
    """

    def __init__(
        self,
        database: Database,
        *,
        holder: str,
        clock: Clock,
        bus: Bus,
        pace: Pace | None = None,
        just_fed: JustFed | None = None,
    ) -> None:
        self.holder = holder
        self._clock = clock
        self._bus = bus
        self._pace = pace or Pace()
        self._roles = Roles(database, clock=clock)
        self._round = Round(
            database,
            clock=clock,
            pace=self._pace,
            just_fed=just_fed,
            newest=bus.newest,
        )
        self._stopping = False
        self._stopped = Bell()
        self._renew_at = 0.0
        self._stirred = 0.0

    async def run(self) -> None:
        """Feed, or wait for the role, until `stop` is called."""
        while not self._stopping:
            lease = None
            try:
                lease = await self._roles.take(ROLE, self.holder, self._pace.lease)
            except StoreUnavailableError as error:
                log.warning("feeder.waiting", reason=str(error))
            if lease is None:
                await self._rest(self._pace.renew)
                continue
            log.info("feeder.leading", holder=self.holder, fence=lease.fence)
            await self._lead(lease)

    def stop(self) -> None:
        """Finish the page in hand and give the role away."""
        self._stopping = True
        self._stopped.ring()
        self._bus.appended.ring()

    async def feed_once(self) -> int:
        """Feed what is there now, whoever has the role; returns how many events."""
        before = (await self._round.reload(0)).position
        while await self._round.run():
            continue
        return self._round.position - before

    async def _lead(self, lease: Lease) -> None:
        self._round.forget()
        self._renew_at = self._clock.monotonic() + self._pace.renew
        self._stirred = self._clock.monotonic()
        held: Lease | None = lease
        while not self._stopping:
            seen = self._bus.appended.rings
            try:
                held = await self._kept(lease)
                if held is None:
                    log.warning("feeder.followed", holder=self.holder)
                    return
                lease = held
                began = self._clock.monotonic()
                if await self._advance(lease):
                    self._stirred = self._clock.monotonic()
                    took = self._stirred - began
                    # Under load pages get longer instead of more.
                    rest = min(SHARE * took, LONGEST_REST)
                    await self._clock.sleep(max(self._pace.shortest, rest))
                    continue
            except FeedOvertakenError as error:
                log.warning("feeder.overtaken", reason=str(error))
                self._look_again()
                continue
            except Exception as error:  # noqa: BLE001 # runs go on without the feed
                self._report(error)
                self._look_again()
                await self._rest(AFTER_ERROR)
                continue
            await self._listen(seen)
        await self._give_away(lease)

    async def _listen(self, seen: int) -> None:
        """Wait for an append here, or until it is time to look for those of others."""
        silence = self._clock.monotonic() - self._stirred
        delay = max(silence / QUIET, self._pace.shortest)
        # A lease that is renewed at every other look must not run out between them.
        seconds = min(delay, self._pace.longest, self._pace.renew)
        if await self._bus.appended.wait(seen, seconds=seconds, clock=self._clock):
            self._stirred = self._clock.monotonic()

    async def _advance(self, lease: Lease) -> bool:
        if not self._round.ready:
            await self._round.reload(lease.note.get("head", 0))
        added = await self._round.run()
        if not added:
            return False
        FEED_ENTRIES.inc(added)
        self._bus.paged.ring()
        return True

    async def _kept(self, lease: Lease) -> Lease | None:
        if self._clock.monotonic() < self._renew_at:
            return lease
        self._renew_at = self._clock.monotonic() + self._pace.renew
        return await self._roles.renew(lease, self._pace.lease, self._note(lease))

    def _note(self, lease: Lease) -> Mapping[str, object]:
        return {"head": self._round.position} if self._round.ready else lease.note

    def _report(self, error: Exception) -> None:
        if isinstance(error, StoreUnavailableError):
            log.warning("feeder.waiting", reason=str(error))
        else:
            log.error("feeder.failed", reason=str(error), exc_info=error)

    def _look_again(self) -> None:
        """Trust nothing that is remembered: not the head, and not the lease."""
        self._round.forget()
        self._renew_at = 0.0

    async def _give_away(self, lease: Lease) -> None:
        try:
            await self._roles.release(lease, self._note(lease))
        except StoreUnavailableError as error:
            log.warning("feeder.left", reason=str(error))

    async def _rest(self, seconds: float) -> None:
        await self._stopped.wait(
            self._stopped.rings, seconds=seconds, clock=self._clock
        )
