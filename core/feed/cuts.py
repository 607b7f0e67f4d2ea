"""Counts how often something was cut out of the feed, for all who keep copies of it."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from core.clock import Clock
from core.errors import StoreUnavailableError
from core.events.bus import Bus
from core.store.database import Database, translating
from core.store.roles import COLLECTION

COUNTER = "feed-cuts"
# How late a process hears that its copies are old, in seconds.
LOOK = 5.0
log = structlog.get_logger()


class Cuts:
    """A number in the database that grows; every method raises StoreUnavailableError.

    It stands among the roles, as the fence of one that nobody holds.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._roles = database.db[COLLECTION]
        self._clock = clock

    async def count(self) -> int:
        """Return the number, 0 before the first."""
        with translating():
            found = await self._roles.find_one({"_id": COUNTER}, {"fence": 1})
        return int(found["fence"]) if found else 0

    async def add(self) -> None:
        """Let everybody know that there was one more."""
        change = {
            "$inc": {"fence": 1},
            "$set": {"holder": "", "until": self._clock.now()},
            "$setOnInsert": {"note": {}},
        }
        with translating():
            await self._roles.update_one({"_id": COUNTER}, change, upsert=True)


class Forgetting:
    """Drops a process's copies of the feed within five seconds of a cut anywhere.

    A cut of this process rings `bus.cut` and is heard at once; of others' the counter
    tells. `caches` forget what they hold; whoever reads along hears `bus.cut` too.
    """

    def __init__(
        self,
        database: Database,
        *,
        bus: Bus,
        clock: Clock,
        caches: Iterable[Callable[[], None]] = (),
    ) -> None:
        self._cuts = Cuts(database, clock=clock)
        self._bus = bus
        self._clock = clock
        self._caches = (bus.newest.forget, *caches)
        self._count: int | None = None
        self._stopping = False

    async def run(self) -> None:
        """Listen and look until `stop` is called."""
        while not self._stopping:
            seen = self._bus.cut.rings
            try:
                await self.look()
            except StoreUnavailableError as error:
                log.warning("feed.cuts_unseen", reason=str(error))
            if await self._bus.cut.wait(seen, seconds=LOOK, clock=self._clock):
                self._forget()
                # Several rings are heard as one.
                await asyncio.sleep(0)

    async def look(self) -> None:
        """Forget and ring if there was a cut since the last look."""
        count = await self._cuts.count()
        known, self._count = self._count, count
        if known is not None and known != count:
            self._forget()
            self._bus.cut.ring()

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopping = True
        self._bus.cut.ring()

    def _forget(self) -> None:
        for forget in self._caches:
            forget()
