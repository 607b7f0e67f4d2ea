"""Writes one stream of server-sent events to one client, and cuts off who is slow."""

import asyncio
import socket
from random import uniform

from aiohttp import web

from bot.api.visitors import COOKIE
from core.access.ticket_desk import Shown
from core.clock import Clock
from core.feed.page import FeedEntry
from core.live.frames import retry

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
DRAIN_SECONDS = 25.0
# The kernel waits longer for who is silent: else it cuts off who is slow before we
# do, for it begins to count earlier, and nobody would know why that client left.
SILENT_SECONDS = 60.0
# What the kernel keeps for a client that does not read, and our own process.
KERNEL_BYTES = 128 * 1024
BUFFER_BYTES = 64 * 1024


class Outlet:
    """One open answer; raises ConnectionError once the client is gone.

    A write that the client does not take within 25 s raises TimeoutError.
    """

    def __init__(self, request: web.Request, *, clock: Clock) -> None:
        self.written_at = 0.0
        self._request = request
        self._clock = clock
        self._response = web.StreamResponse(headers=HEADERS)

    @property
    def gone(self) -> bool:
        """Return whether the client has closed the connection."""
        transport = self._request.transport
        return transport is None or transport.is_closing()

    @property
    def response(self) -> web.StreamResponse:
        """Return what the server finishes once the stream has ended."""
        return self._response

    def remember(self, session: Shown, *, secure: bool) -> None:
        """Give the browser what it shows when it comes back."""
        life = session.expires_at - self._clock.now()
        self._response.set_cookie(
            COOKIE,
            session.secret,
            max_age=max(round(life.total_seconds()), 0),
            httponly=True,
            samesite="Strict",
            secure=secure,
        )

    async def open(self) -> None:
        """Send the headers."""
        _bound(self._request)
        self._response.force_close()
        await self._response.prepare(self._request)

    async def send(self, data: bytes) -> None:
        """Write bytes; waits while the client is behind by more than the buffers."""
        async with asyncio.timeout(DRAIN_SECONDS):
            await self._response.write(data)
        self.written_at = self._clock.monotonic()

    def quiet(self) -> float:
        """Return for how many seconds nothing was written."""
        return self._clock.monotonic() - self.written_at

    def age(self, entry: FeedEntry) -> float:
        """Return how many seconds ago an event was decided."""
        return (self._clock.now() - entry.time).total_seconds()

    async def leave(self, least: float, most: float) -> None:
        """Say when to come back, at a moment that not everybody is told."""
        await self.send(retry(spread(least, most)))

    def abort(self) -> None:
        """Cut the client off; what is not sent yet is dropped."""
        if self._request.transport is not None:
            self._request.transport.abort()


def spread(least: float, most: float) -> float:
    """Return some moment between two, so that clients do not come back together."""
    return uniform(least, most)  # noqa: S311 # nobody gains by guessing it


def _bound(request: web.Request) -> None:
    """Keep little for a client that does not read, and notice one that is no more."""
    transport = request.transport
    if transport is None:
        return
    transport.set_write_buffer_limits(high=BUFFER_BYTES)
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        patience = round(SILENT_SECONDS * 1000)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
