"""The peer: sse-starlette under uvicorn, a queue for each client as its guide has it.

Run as a program of its own with the data of an event; it prints `{"port": …}` once it
listens, and then takes orders.
"""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from tests.benchmarks.programs.peers.streaming import open_files, orders, tell


async def main(data: str) -> None:
    """Serve until killed."""
    queues: set[asyncio.Queue[ServerSentEvent]] = set()

    async def told() -> AsyncIterator[ServerSentEvent]:
        queue = asyncio.Queue[ServerSentEvent]()
        queues.add(queue)
        yield ServerSentEvent(comment="begin")
        try:
            while True:
                yield await queue.get()
        finally:
            queues.discard(queue)

    async def listen(_: Request) -> EventSourceResponse:
        return EventSourceResponse(told())

    async def say(number: int) -> tuple[int, float]:
        said = time.monotonic()
        event = ServerSentEvent(id=str(number), data=data)
        for queue in queues:
            queue.put_nowait(event)
        return number, said

    site = Starlette(routes=[Route("/events/stream", listen)])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(site, log_level="warning", access_log=False)
    serving = asyncio.create_task(uvicorn.Server(config).serve([listener]))
    tell(port=listener.getsockname()[1])
    await orders(say)
    serving.cancel()


if __name__ == "__main__":
    open_files()
    asyncio.run(main(sys.argv[1]))
