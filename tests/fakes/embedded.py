"""Small tools to watch the embedded server from outside."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from core.clock import SystemClock
from core.store.embedded import EmbeddedServer

CLOCK = SystemClock()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; the test's own time-out is the bound."""
    while not condition():
        await CLOCK.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether the process still runs; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def port_of(server: EmbeddedServer) -> int:
    """Return the port in the server's address."""
    return int(server.url.rstrip("/").rpartition(":")[2])


@asynccontextmanager
async def opened(server: EmbeddedServer) -> AsyncIterator[EmbeddedServer]:
    """Open a server that nobody watches, and close it."""
    await server.open()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def watched(server: EmbeddedServer) -> AsyncIterator[EmbeddedServer]:
    """Open a server that is looked after, and close it."""
    async with opened(server):
        watcher = asyncio.create_task(server.keep_running())
        yield server
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
