"""How long things live: beside a body, on a port, until the process is told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiohttp import web

from core.errors import AddressTakenError

# A query that is far too long is still read, to say which part of it is.
LONGEST_LINE = 128 * 1024
# What runs until it is told to stop, and how it is told.
Companion = tuple[Callable[[], Coroutine[object, object, None]], Callable[[], None]]


@asynccontextmanager
async def listening(site: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve a site for the body, and give its address; port 0 takes any free one.

    Raises AddressTakenError when the port is another's.
    """
    runner = web.AppRunner(site, access_log=None, max_line_size=LONGEST_LINE)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise AddressTakenError(
                host=host, port=port, reason=error.strerror or error
            ) from error
        name, number = runner.addresses[0][:2]
        shown = f"[{name}]" if ":" in name else name
        yield f"http://{shown}:{number}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def beside(*companions: Companion) -> AsyncIterator[None]:
    """Run some things beside the body; it ends with the error of one that fails.

    They are stopped in turn, the last one first.
    """
    async with AsyncExitStack() as stack:
        for run, stop in companions:
            await stack.enter_async_context(_beside(run, stop))
        yield


@asynccontextmanager
async def _beside(
    run: Callable[[], Coroutine[object, object, None]], stop: Callable[[], None]
) -> AsyncIterator[None]:
    body = asyncio.current_task()
    other = asyncio.create_task(run())

    def end_body(ended: asyncio.Task[None]) -> None:
        if body is not None and not ended.cancelled() and ended.exception():
            body.cancel()

    other.add_done_callback(end_body)
    try:
        yield
    finally:
        other.remove_done_callback(end_body)
        stop()
        await other


async def told_to_stop() -> None:
    """Return once the process gets SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stopping.set)
    await stopping.wait()
