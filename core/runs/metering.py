"""Counts what one try of a step uses itself: its time, and what it asks of GitHub.

Who speaks to GitHub notes each exchange here and knows nothing of steps: tasks and
threads that a step began inherit the meter.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import Clock
from core.events.schema import Used
from core.metrics.handler_cpu import Call

Note = Callable[["Exchange"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request to GitHub and what came of it.

    `at` is when it was begun; `path` has no query. `status` is None when no answer
    came, and `error` then says why. `sent` and `received` are the sizes of the bodies,
    in bytes, and `request` and `answer` the bodies themselves, empty where nobody needs
    them.
    """

    at: datetime
    method: str
    path: str
    status: int | None
    seconds: float
    sent: int = 0
    received: int = 0
    request: bytes = field(default=b"", repr=False)
    answer: bytes = field(default=b"", repr=False)
    error: str = ""


class Meter:
    """What one try has used so far; `note` is told of each exchange.

    `call` is what its handler is charged.
    """

    def __init__(self, *, clock: Clock, call: Call, note: Note | None = None) -> None:
        self.call = call
        self._clock = clock
        self._note = note
        self._began = clock.monotonic()
        self._requests = self._sent = self._received = 0

    def noted(self, exchange: Exchange) -> None:
        """Count an exchange, and pass it on to who keeps them."""
        self._requests += 1
        self._sent += exchange.sent
        self._received += exchange.received
        if self._note is not None:
            self._note(exchange)

    @property
    def wall(self) -> float:
        """Return the seconds since it was begun."""
        return self._clock.monotonic() - self._began

    def used(self) -> Used:
        """Return what was used until now."""
        return Used(
            wall_seconds=round(self.wall, 6),
            cpu_seconds=round(self.call.total, 6),
            github_requests=self._requests,
            github_bytes_sent=self._sent,
            github_bytes_received=self._received,
        )


_current: ContextVar[Meter | None] = ContextVar("step_meter", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """Have the meter count what is done inside the block, and in what that begins."""
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)


def noted(exchange: Exchange) -> None:
    """Tell whoever meters this work, if anybody does, of an exchange with GitHub."""
    meter = _current.get()
    if meter is not None:
        meter.noted(exchange)
