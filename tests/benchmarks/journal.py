"""Prints how many runs a second the journal takes, and how far behind the feed is.

A run is twelve commits of one event of 1 KB each, durable one after the other, on the
embedded server with the service's validators and indexes.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from statistics import median, quantiles

from core.clock import Ids, SystemClock
from core.events.bus import Bus
from core.events.commit import GENESIS, Draft
from core.events.journal import Journal
from core.events.schema import RunSuperseded
from core.feed.feeder import Feeder
from core.feed.page import FEED_COLLECTIONS
from core.feed.reader import FeedReader
from core.runs.constraints import collections
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from core.store.schema import Schema

EVENTS = 12
KILOBYTE = "a" * 900
SECONDS = 4.0
CLOCK = SystemClock()
SCHEMA = Schema(version=1, collections=(*collections(), *FEED_COLLECTIONS))


async def one_run(journal: Journal, ids: Ids, waits: list[float]) -> None:
    """Append a run's twelve commits; each waits for the one before."""
    stream, head = f"bench/{ids.new('run')}", GENESIS
    for seq in range(1, EVENTS + 1):
        draft = kilobyte(stream, seq, head)
        began = time.perf_counter()
        head = (await journal.append(draft)).stored_hash
        waits.append((time.perf_counter() - began) * 1000)


def kilobyte(stream: str, seq: int = 1, head: str = GENESIS) -> Draft:
    """Return a commit of one event of 1 KB."""
    event = RunSuperseded(by_run=KILOBYTE, head_sha="a" * 40)
    return Draft(
        stream=stream, seq=seq, time=CLOCK.now(), events=(event,), prev_hash=head
    )


async def watching(database: Database, bus: Bus, lags: list[float]) -> None:
    """Note how long after its decision each event was in the feed, in milliseconds."""
    reader, position = FeedReader(database), await FeedReader(database).head()
    while True:
        seen = bus.paged.rings
        while found := await reader.after(position):
            now = CLOCK.now()
            lags += [(now - one.time).total_seconds() * 1000 for one in found]
            position = found[-1].position
        await bus.paged.wait(seen, seconds=1, clock=CLOCK)


@asynccontextmanager
async def fed(database: Database, bus: Bus, lags: list[float]) -> AsyncIterator[None]:
    """Run a feeder and a reader beside the body."""
    feeder = Feeder(database, holder="bench", clock=CLOCK, bus=bus)
    await feeder.feed_once()  # what was left by a measure without a feeder
    feeding = asyncio.create_task(feeder.run())
    reading = asyncio.create_task(watching(database, bus, lags))
    try:
        yield
    finally:
        await asyncio.sleep(0.3)
        reading.cancel()
        feeder.stop()
        await feeding


async def measure(database: Database, concurrency: int, *, feeder: bool) -> str:
    """Drive runs for some seconds and return one line."""
    bus, ids = Bus(), Ids(CLOCK)
    journal = Journal(database, clock=CLOCK, ids=ids, bus=bus)
    waits, lags, runs = list[float](), list[float](), 0

    async def slot() -> None:
        nonlocal runs
        while time.perf_counter() < end:
            await one_run(journal, ids, waits)
            runs += 1

    async with fed(database, bus, lags) if feeder else nullcontext():
        began = time.perf_counter()
        end = began + SECONDS
        await asyncio.gather(*(slot() for _ in range(concurrency)))
        rate = runs / (time.perf_counter() - began)
    await journal.close()
    line: dict[str, object] = {
        "concurrency": concurrency,
        "feeder": feeder,
        "runs/s": round(rate, 1),
        "append p99 ms": round(quantiles(waits, n=100)[-1], 1),
    }
    if lags:
        line["feed behind p50 ms"] = round(median(lags), 1)
        line["feed behind p99 ms"] = round(quantiles(lags, n=100)[-1], 1)
    return json.dumps(line)


async def main() -> None:
    """Measure with and without a feeder, interleaved."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedServer.running(Path(folder), clock=CLOCK) as server:
            database = connect(server.url, embedded=True)
            await migrate(database, SCHEMA)
            for concurrency in (1, 8, 1, 8):
                for feeder in (False, True):
                    print(await measure(database, concurrency, feeder=feeder))  # noqa: T201 # its purpose
            await database.close()


if __name__ == "__main__":
    asyncio.run(main())
