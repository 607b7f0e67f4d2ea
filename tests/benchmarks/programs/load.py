"""Posts signed webhooks as fast as they are answered, or at a pace, and times them.

Run as a program of its own, so that the generator's time is not the server's. The last
line printed is a JSON object: answers, seconds, statuses, and milliseconds of latency.
"""

import asyncio
import hmac
import itertools
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from tests.benchmarks.programs.latency import summary

Take = Callable[[], Awaitable[float | None]]


@dataclass(slots=True)
class Tally:
    """What was answered: how often which status, and how long each took, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    taken: list[float] = field(default_factory=list)


def main(
    port: Annotated[int, typer.Option()],
    samples: Annotated[Path, typer.Option(help="Payloads: {event, payload} a line.")],
    secret: Annotated[str, typer.Option()],
    connections: Annotated[int, typer.Option()] = 1,
    seconds: Annotated[float, typer.Option()] = 2.0,
    rate: Annotated[float, typer.Option(help="A second; 0 for all that goes.")] = 0.0,
) -> None:
    """Post to /webhooks/github on this machine's `port`."""
    requests = itertools.cycle(list(signed(samples, secret.encode())))
    tally, took = asyncio.run(fire(port, requests, connections, seconds, rate))
    measured = {**summary(tally.taken, took), "statuses": tally.statuses}
    sys.stdout.write(json.dumps(measured) + "\n")


def signed(samples: Path, secret: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield requests whole but for the GUID, which goes between their two parts."""
    for line in samples.read_bytes().splitlines():
        sample = json.loads(line)
        body = json.dumps(sample["payload"], ensure_ascii=False).encode()
        digest = hmac.digest(secret, body, "sha256").hex()
        head = (
            "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
            "User-Agent: GitHub-Hookshot/bench\r\n"
            f"X-GitHub-Event: {sample['event']}\r\n"
            f"X-Hub-Signature-256: sha256={digest}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/json\r\nX-GitHub-Delivery: "
        )
        yield head.encode(), b"\r\n\r\n" + body


async def fire(
    port: int,
    requests: Iterator[tuple[bytes, bytes]],
    connections: int,
    seconds: float,
    rate: float,
) -> tuple[Tally, float]:
    """Post over so many connections; returns the tally and the seconds it took."""
    tally = Tally()
    due: asyncio.Queue[float | None] = asyncio.Queue()
    begin = time.perf_counter()
    end = begin + seconds

    async def at_once() -> float | None:
        now = time.perf_counter()
        return now if now < end else None

    take: Take = due.get if rate else at_once
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            connection = Connection(reader, writer, requests, tally)
            group.create_task(connection.post(take))
        if rate:
            await pace(due, rate, seconds)
            for _ in range(connections):
                due.put_nowait(None)
    return tally, time.perf_counter() - begin


async def pace(due: asyncio.Queue[float | None], rate: float, seconds: float) -> None:
    """Say when each request is due: a late answer does not put off the next one."""
    begin = time.perf_counter()
    for number in range(int(rate * seconds)):
        moment = begin + number / rate
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        due.put_nowait(moment)


@dataclass(slots=True)
class Connection:
    """One connection that is kept open, with one request on it at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: Iterator[tuple[bytes, bytes]]
    tally: Tally

    async def post(self, take: Take) -> None:
        """Post whenever something is due; latency counts from when it was due."""
        while (moment := await take()) is not None:
            head, rest = next(self.requests)
            self.writer.write(head + secrets.token_hex(16).encode() + rest)
            status = await self._answer()
            self.tally.statuses[status] += 1
            self.tally.taken.append(time.perf_counter() - moment)
        self.writer.close()

    async def _answer(self) -> int:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        await self.reader.readexactly(int(length or 0))
        return int(head.split(maxsplit=2)[1])


if __name__ == "__main__":
    typer.run(main)
