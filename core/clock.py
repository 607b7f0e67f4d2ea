"""Time and ids, injected so that tests own both."""

import asyncio
import os
import time
from datetime import UTC, datetime
from typing import Protocol

from typing_extensions import override

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


class Clock(Protocol):
    """What tells the time and waits."""

    def now(self) -> datetime:
        """Return the current time in UTC, cut to milliseconds as MongoDB stores it."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        ...


class SystemClock(Clock):
    """The machine's clock."""

    @override
    def now(self) -> datetime:
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    @override
    def monotonic(self) -> float:
        return time.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Ids:
    """Makes ids that sort by creation time: a prefix, 48 bits of time, 80 random."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def new(self, prefix: str) -> str:
        """Return a fresh id such as `run_01hx…`, 26 Crockford digits after the prefix.

        Source: the layout is ULID's, https://github.com/ulid/spec.
        """
        millis = int(self._clock.now().timestamp() * 1000)
        number = (millis << 80) | int.from_bytes(os.urandom(10))
        digits = [CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5)]
        return f"{prefix}_{''.join(digits)}"
