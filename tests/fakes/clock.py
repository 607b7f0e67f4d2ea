"""A clock that stands still until a test moves it."""

import asyncio
import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from core.clock import Clock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TURNS = 20


@dataclass(order=True)
class Sleeper:
    """A task that waits for the clock to reach `due`."""

    due: float
    number: int
    woken: asyncio.Future[None] = field(compare=False)


class FakeClock(Clock):
    """Time that passes only by `advance`, or by sleeping when `skipping`.

    By default a task that sleeps waits until the test advances the clock past the end
    of its sleep. With `skipping` a sleep ends at once and moves the clock forward by
    itself: for code with one sleeper, such as a retry loop.
    """

    def __init__(self, start: datetime = NOON, *, skipping: bool = False) -> None:
        self._start = start
        self._elapsed = 0.0
        self._skipping = skipping
        self._sleepers: list[Sleeper] = []
        self._count = 0
        self._fell_asleep = asyncio.Event()

    @override
    def now(self) -> datetime:
        moment = self._start + timedelta(seconds=self._elapsed)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    @override
    def monotonic(self) -> float:
        return self._elapsed

    @override
    async def sleep(self, seconds: float) -> None:
        if self._skipping or seconds <= 0:
            self._elapsed += max(seconds, 0.0)
            await asyncio.sleep(0)
            return
        self._count += 1
        woken = asyncio.get_running_loop().create_future()
        sleeper = Sleeper(self._elapsed + seconds, self._count, woken)
        heapq.heappush(self._sleepers, sleeper)
        self._fell_asleep.set()
        await woken

    @property
    def asleep(self) -> int:
        """Return how many tasks sleep."""
        return sum(not sleeper.woken.done() for sleeper in self._sleepers)

    async def sleeping(self, count: int = 1) -> None:
        """Return once at least `count` tasks sleep; I/O may take real time until then.

        This is how a test knows that a loop has done its round.
        """
        while self.asleep < count:
            self._fell_asleep.clear()
            await self._fell_asleep.wait()

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass and wake, in the order of their times, whoever is due.

        Each woken task runs up to its next real wait before the next one wakes, at the
        very time it asked for; one that sleeps again within the span wakes again.
        """
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0].due <= end:
            sleeper = heapq.heappop(self._sleepers)
            if sleeper.woken.done():  # its task was cancelled
                continue
            self._elapsed = max(self._elapsed, sleeper.due)
            sleeper.woken.set_result(None)
            await self._turns()
        self._elapsed = max(self._elapsed, end)
        await self._turns()

    def jump(self, seconds: float) -> None:
        """Let `seconds` pass while nobody sleeps, for code that only reads the time."""
        self._elapsed += seconds

    def stop(self) -> None:
        """Cancel whoever sleeps, as when their process dies."""
        for sleeper in self._sleepers:
            sleeper.woken.cancel()

    async def _turns(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
