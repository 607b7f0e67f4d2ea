"""Asks in the background for what only the database knows, so that no scrape waits."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from core.clock import Clock
from core.errors import StoreUnavailableError
from core.metrics.registry import LateGauge

EVERY = 5.0
# It rests so many times as long as it took: what is long is asked for less often.
SHARE = 20
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
    """Takes every reading now and then; the gauges keep what they said last.

    `every` is in seconds. One that fails leaves the others be, and lets the age grow.
    """

    def __init__(
        self, readings: Sequence[Reading], *, clock: Clock, every: float = EVERY
    ) -> None:
        self._readings = readings
        self._clock = clock
        self._every = every
        self._stopped = asyncio.Event()
        self._fresh_at = clock.monotonic()

    async def run(self) -> None:
        """Read until `stop` is called; what nobody reads any more is then untold."""
        AGE.ask(self._age)
        refreshing = asyncio.create_task(self._refresh_for_ever())
        await self._stopped.wait()
        refreshing.cancel()
        await asyncio.gather(refreshing, return_exceptions=True)
        AGE.ask(dict)
        for reading in self._readings:
            reading.forget()

    def stop(self) -> None:
        """End, in the middle of a reading if need be."""
        self._stopped.set()

    async def refresh(self) -> None:
        """Take every reading once."""
        began, whole = self._clock.monotonic(), True
        for reading in self._readings:
            try:
                await reading.read()
            except StoreUnavailableError as error:
                log.warning("gauges.stale", reason=str(error))
                whole = False
            except Exception:
                # Numbers must not end what they tell of.
                log.exception("gauges.failed")
                whole = False
        if whole:
            self._fresh_at = began

    async def _refresh_for_ever(self) -> None:
        while True:
            began = self._clock.monotonic()
            await self.refresh()
            took = self._clock.monotonic() - began
            await self._clock.sleep(max(self._every, SHARE * took))

    def _age(self) -> dict[tuple[str, ...], float]:
        return {(): self._clock.monotonic() - self._fresh_at}
