"""Who listens in this process, counted for Prometheus."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from aiohttp import web

from bot.api.stream_listener import Listener, Why
from core.events.bus import Bell
from core.live.tail import Tail
from core.metrics import stream as metrics


class Audience:
    """Every listener that is at work; the lag is that of the one furthest behind."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._listeners: set[Listener] = set()
        self._parted = Bell()

    def add_to(self, app: web.Application) -> None:
        """Answer scrapes while the site is up."""

        async def begin(_: web.Application) -> None:
            metrics.LAG.ask(self._lag)

        async def end(_: web.Application) -> None:
            metrics.LAG.ask(dict)

        app.on_startup.append(begin)
        app.on_cleanup.append(end)

    @contextmanager
    def one(self, listener: Listener) -> Iterator[None]:
        """Count a listener while the body runs."""
        self._listeners.add(listener)
        with metrics.CONNECTIONS.during():
            try:
                yield
            finally:
                self._listeners.discard(listener)
                self._parted.ring()

    async def see_off(self, seconds: float) -> None:
        """Let everybody take the farewell, and cut off who does not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._listeners:
                    await self._parted.rung(self._parted.rings)
        for one in self._listeners:
            one.cut_off()

    def left(self, why: Why) -> None:
        """Count a stream that has ended, or could not begin."""
        metrics.CLOSED.inc(reason=str(why))

    def _lag(self) -> Mapping[tuple[str, ...], float]:
        head = self._tail.head
        behind = (head - one.position for one in self._listeners)
        return {(): float(max(behind, default=0))}
