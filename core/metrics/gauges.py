"""Asks in the background for what only the database knows, so that no scrape waits."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import StoreUnavailableError
from core.metrics.registry import LateGauge

EVERY = 5.0
# A reading rests so many times as long as it took: what is long is read less often.
SHARE = 20
RAREST = 60.0
AGE = LateGauge(
    "nofx_gauges_age_seconds",
    "Age of the gauges that are read from the database; only processes that serve HTTP"
    " have them.",
)
log = structlog.get_logger()


class Reading(Protocol):
    """Some gauges, and where their values come from."""

    async def read(self) -> None:
        """Set the gauges; raises StoreUnavailableError."""
        ...

    def forget(self) -> None:
        """Let the gauges say nothing."""
        ...


class Refresher:
    """Takes each reading now and then; the gauges keep what they said last.

    `every` is in seconds. One that fails or takes long leaves the others be; the age is
    that of the oldest.
    """

    def __init__(
        self, readings: Sequence[Reading], *, clock: Clock, every: float = EVERY
    ) -> None:
        self._readings = readings
        self._clock = clock
        self._every = every
        self._stopped = asyncio.Event()
        self._fresh_at = [clock.monotonic()] * len(readings)
        self._stale: set[int] = set()

    async def run(self) -> None:
        """Read until `stop` is called; what nobody reads any more is then untold."""
        AGE.ask(self._age)
        places = range(len(self._readings))
        reading = [asyncio.create_task(self._read_for_ever(one)) for one in places]
        await self._stopped.wait()
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        AGE.ask(dict)
        for one in self._readings:
            one.forget()

    def stop(self) -> None:
        """End, in the middle of a reading if need be."""
        self._stopped.set()

    async def _read_for_ever(self, place: int) -> None:
        while True:
            began = self._clock.monotonic()
            read = await self._succeeds(place)
            took = self._clock.monotonic() - began
            rest = self._every
            if read:
                self._fresh_at[place] = began
                rest = min(max(rest, SHARE * took), RAREST)
            # One that waited in vain was no work for the database, and is due again.
            await self._clock.sleep(rest)

    async def _succeeds(self, place: int) -> bool:
        try:
            await self._readings[place].read()
        except StoreUnavailableError as error:
            # All of them stand still together; once says it.
            if not self._stale:
                log.warning("gauges.stale", reason=str(error))
            self._stale.add(place)
            return False
        except Exception:
            # Numbers must not end what they tell of.
            log.exception("gauges.failed")
            return False
        self._stale.discard(place)
        return True

    def _age(self) -> dict[tuple[str, ...], float]:
        return {(): self._clock.monotonic() - min(self._fresh_at)}
