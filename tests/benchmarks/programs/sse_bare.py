"""The limit: aiohttp writes each frame to each connection, and does nothing else.

Run as a program of its own with the data of an event; it prints `{"port": …}` once it
listens, and then takes orders.
"""

import asyncio
import time

import typer
from aiohttp import web

from tests.benchmarks.programs.peers.streaming import open_files, orders, tell


def main(data: str) -> None:
    """Serve until killed."""
    open_files()
    asyncio.run(serve(data.encode()))


async def serve(data: bytes) -> None:
    """Write every frame to everybody, one after the other."""
    listeners: set[web.StreamResponse] = set()

    async def listen(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":\n")
        listeners.add(response)
        await asyncio.Event().wait()
        return response

    turn = asyncio.Lock()

    async def say(number: int) -> tuple[int, float]:
        said = time.monotonic()
        frame = b"id: %d\ndata: %b\n\n" % (number, data)
        async with turn:
            for response in list(listeners):
                try:
                    await response.write(frame)
                except ConnectionError:
                    listeners.discard(response)
            await asyncio.sleep(0)
        return number, said

    site = web.Application()
    site.router.add_get("/events/stream", listen)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    tell(port=runner.addresses[0][1])
    await orders(say)


if __name__ == "__main__":
    typer.run(main)
