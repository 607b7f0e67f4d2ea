"""A service that answers downloads of bundles with whatever bytes a test gives it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

END = b"\r\n\r\n"


def answer(status: int, body: bytes, *headers: bytes, reason: bytes = b"Said") -> bytes:
    """Return one answer of HTTP, its head as it is given."""
    lines = (
        b"HTTP/1.1 %d %s" % (status, reason),
        *headers,
        b"Content-Length: %d" % len(body),
        b"Connection: close",
    )
    return b"\r\n".join(lines) + END + body


def offer(**facts: Any) -> bytes:
    """Return the body that says which bundle is there."""
    return json.dumps(facts).encode()


@asynccontextmanager
async def canned(post: bytes, get: bytes) -> AsyncIterator[str]:
    """Give the address of a service with one answer to POST and one to GET."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(END)
        writer.write(post if asked.startswith(b"POST ") else get)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
