"""A way to a server that breaks off: each connection after so many bytes of its answer.

It can show a token too, for there are clients that can send no header.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"
KEEPING = re.compile(rb"\r\nConnection:[^\r]*", re.IGNORECASE)


@dataclass
class Cutting:
    """Counts what is read; `cuts` says after how many bytes of the body each ends.

    Only answers are cut to a GET of a path that ends in `of`.
    """

    host: str
    port: int
    secret: str | None
    cuts: Iterator[int]
    of: bytes = b"/stream"
    url: str = ""
    cut_off: int = 0
    asked: list[bytes] = field(default_factory=list)
    last_ids: list[str | None] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one connection on, until it breaks or `close` is called."""
        task = asyncio.create_task(self.pass_on(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        await asyncio.wait({task})

    async def close(self) -> None:
        """Break what is open."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one connection on, until it is to break or either side ends it."""
        up_writer: asyncio.StreamWriter | None = None
        try:
            asked = await reader.readuntil(HEAD_END)
            self.last_ids.append(_last_id(asked))
            up, up_writer = await asyncio.open_connection(self.host, self.port)
            up_writer.write(self._shown(asked))
            writer.write(await up.readuntil(HEAD_END))
            self.asked.append(asked)
            path = asked.partition(b" HTTP/")[0].partition(b"?")[0]
            streams = path.startswith(b"GET ") and path.endswith(self.of)
            await self._answer(up, writer, next(self.cuts, None) if streams else None)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            for one in filter(None, (writer, up_writer)):
                one.transport.abort()
                with suppress(ConnectionError):
                    await one.wait_closed()

    def _shown(self, head: bytes) -> bytes:
        # One connection takes one request.
        lines = [KEEPING.sub(b"", head[: -len(HEAD_END)]), b"Connection: close"]
        if self.secret is not None:
            lines.append(f"Authorization: Bearer {self.secret}".encode())
        return b"\r\n".join(lines) + HEAD_END

    async def _answer(
        self, up: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: int | None
    ) -> None:
        passed = 0
        while data := await up.read(65536):
            left = len(data) if cut is None else cut - passed
            writer.write(data[:left])
            await writer.drain()
            passed += len(data)
            if cut is not None and passed >= cut:
                self.cut_off += 1
                # What was written reaches the client before the connection ends.
                writer.close()
                await writer.wait_closed()
                return


@asynccontextmanager
async def cutting(
    host: str,
    port: int,
    *,
    secret: str | None,
    cuts: Iterator[int],
    of: bytes = b"/stream",
) -> AsyncIterator[Cutting]:
    """Listen on a port of its own; once `cuts` has ended, connections last."""
    way = Cutting(host, port, secret, cuts, of)
    server = await asyncio.start_server(way.take, "127.0.0.1", 0)
    async with server:
        way.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield way
        finally:
            await way.close()


def _last_id(head: bytes) -> str | None:
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "last-event-id":
            return value.strip()
    return None
