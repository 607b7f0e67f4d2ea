"""The database server's time, so that the leases of several machines agree."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from typing_extensions import override

from core.clock import Clock
from core.errors import StoreUnavailableError

EVERY = 60.0
TRIES = 3
NOTEWORTHY = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
log = structlog.get_logger()


class ServerClock(Clock):
    """The machine's clock, set by what `ask` answers: the server's time in UTC.

    An answer is taken to be from the middle of its round trip, so it is wrong by half
    of that at most. A later one that differs by no more than that changes nothing, so
    that time does not jitter. Waiting and durations stay the machine's own.
    """

    def __init__(self, ask: Callable[[], Awaitable[datetime]], *, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._offset = timedelta()
        self._told = False

    @property
    def offset(self) -> timedelta:
        """Return how far this machine's clock is behind the server's."""
        return self._offset

    @override
    def now(self) -> datetime:
        moment = self._clock.now() + self._offset
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    @override
    def monotonic(self) -> float:
        return self._clock.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def refresh(self) -> None:
        """Ask a few times and believe the quickest; raises StoreUnavailableError."""
        answers = [await self._one_answer() for _ in range(TRIES)]
        trip, offset = min(answers)
        change = abs(offset - self._offset)
        # The server's milliseconds and ours are both cut, not rounded.
        if self._told and change <= trip / 2 + MILLISECOND:
            return
        if change >= NOTEWORTHY:
            log.warning("clock.corrected", seconds=offset.total_seconds())
        self._offset, self._told = offset, True

    async def _one_answer(self) -> tuple[timedelta, timedelta]:
        """Return how long the answer took, and the offset that it speaks for."""
        asked = self._clock.monotonic()
        told = await self._ask()
        here = self._clock.now()
        trip = timedelta(seconds=self._clock.monotonic() - asked)
        return trip, told - (here - trip / 2)

    async def keep_right(self) -> None:
        """Refresh every minute, for ever; without answers the last offset holds."""
        while True:
            await self._clock.sleep(EVERY)
            try:
                await self.refresh()
            except StoreUnavailableError as error:
                log.warning("clock.unrefreshed", reason=str(error))
