"""Prints what a page of events costs in a short and in a long feed, and a search.

The feeds are written page by page as the feeder writes them, on the embedded server
with the service's validators and indexes. `--events` is the longer one's length.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bot.api.answers.events import EventList
from core.clock import Ids, SystemClock
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed.feeder import Feeder
from core.feed.index import FEED_INDEX, block_from
from core.feed.indexer import Indexer
from core.feed.just_fed import JustFed
from core.feed.page import FEED_COLLECTIONS, MOST_ENTRIES, FeedEntry, Head, Page
from core.feed.query import ALL, EventFilter
from core.feed.replay import Replay
from core.feed.stretch import LENGTH
from core.feed.subject import About
from core.runs.constraints import collections
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.benchmarks.journal import one_run
from tests.fakes.clock import NOON

SHORT = 1000
ROUNDS = 5
PAGES = 200
SECONDS = 6.0
A_RUN = 40
AT_ONCE = 20
CLOCK = SystemClock()
NAMES = (*collections(), *FEED_COLLECTIONS, FEED_INDEX)
TYPES = ("run.state_changed", "step.started", "step.finished", "finding.proposed")
WORDS = [f"word{number}" for number in range(2000)]


def event(position: int, rng: random.Random) -> FeedEntry:
    """Return an event much like those of real runs: 12 words, one of them its own."""
    number = position // A_RUN
    word = "needle" if position in {500, 777} else rng.choice(WORDS)
    said = " ".join(rng.choice(WORDS[:50]) for _ in range(6))
    return FeedEntry(
        position=position,
        id=f"run/run_{number:026}:{position % A_RUN + 1}.0",
        type=rng.choice(TYPES),
        time=NOON + timedelta(milliseconds=position),
        stream=f"run/run_{number:026}",
        data={
            "subject": word,
            "transition": "succeed",
            "from": "running",
            "to": "succeeded",
            "digest": rng.randbytes(32).hex(),
            "summary": said,
        },
        about=About("octo/hello", number % 500),
    )


async def write(database: Database, length: int) -> None:
    """Write a feed and its index."""
    await migrate(database, Schema(version=1, collections=NAMES))
    rng = random.Random(length)  # noqa: S311 # a feed from a number
    before = None
    position = 0
    pages: list[dict[str, Any]] = []
    blocks: list[dict[str, Any]] = []
    while position < length:
        found = [event(position + n, rng) for n in range(1, LENGTH + 1)]
        position += LENGTH
        before = block_from(found, before)
        blocks.append(before.document())
        pages += [page.document() for page in pages_of(found)]
        if len(pages) >= AT_ONCE or position >= length:
            await database.db["feed"].insert_many(pages)
            await database.db["feed_index"].insert_many(blocks)
            pages, blocks = [], []
    note = {"head": length}
    role = {"_id": "feeder", "holder": "", "fence": 1, "until": CLOCK.now()}
    await database.db["roles"].insert_one({**role, "note": note})


def pages_of(found: list[FeedEntry]) -> Iterator[Page]:
    """Yield entries as full pages."""
    for start in range(0, len(found), MOST_ENTRIES):
        entries = tuple(found[start : start + MOST_ENTRIES])
        yield Page(entries=entries, head=Head(position=entries[-1].position))


async def a_page(database: Database, after: int, *, newest_first: bool) -> float:
    """Read a page of 500 and make the answer of it; returns milliseconds."""
    began = time.perf_counter()
    page = await Replay(database).page(
        ALL,
        after=None if newest_first else after,
        before=after + 501 if newest_first else None,
        limit=500,
        newest_first=newest_first,
    )
    EventList.of(page).model_dump_json()
    return (time.perf_counter() - began) * 1000


async def compare(short: Database, long: Database, length: int) -> None:
    """Print the pages of both feeds, read in turns."""
    rng = random.Random(1)  # noqa: S311 # as above
    for newest_first in (False, True):
        taken: dict[int, list[float]] = {SHORT: [], length: []}
        for _ in range(PAGES):
            for database, size in ((short, SHORT), (long, length)):
                after = rng.randrange(size - 500 + 1)
                took = await a_page(database, after, newest_first=newest_first)
                taken[size].append(took)
        p95 = {size: quantiles(times, n=20)[-1] for size, times in taken.items()}
        said: dict[str, object] = {"page of 500": "desc" if newest_first else "asc"}
        for size, times in taken.items():
            both = [round(median(times), 1), round(p95[size], 1)]
            said[f"of {size} p50/p95 ms"] = both
        say(said | {"p95 ratio": round(p95[length] / p95[SHORT], 2)})


async def search(database: Database, length: int) -> None:
    """Print what searches of several kinds take in the long feed."""
    run_id = f"run_{length // A_RUN // 2:026}"
    late = NOON + timedelta(milliseconds=length * 0.9)
    for name, wanted in {
        "a word of two events": EventFilter(words=frozenset({"needle"})),
        "a word that nobody said": EventFilter(words=frozenset({"nobody"})),
        "two common words": EventFilter(words=frozenset({"word7", "word8"})),
        "a type": EventFilter(types=("step.*",)),
        "a run": EventFilter(run_id=run_id),
        "since the last tenth": EventFilter(since=late),
        "a pull request": EventFilter(repository="octo/hello", pull=7),
    }.items():
        for newest_first in (False, True):
            found, calls, began = 0, 0, time.perf_counter()
            first, cursor, longest = 0.0, None, 0.0
            while True:
                at = time.perf_counter()
                page = await Replay(database).page(
                    wanted,
                    after=None if newest_first else cursor,
                    before=cursor if newest_first else None,
                    newest_first=newest_first,
                )
                longest = max(longest, time.perf_counter() - at)
                found, calls, cursor = found + len(page.entries), calls + 1, page.next
                first = first or (time.perf_counter() - began if found else 0.0)
                if cursor is None or found >= 100:
                    break
            say(
                {
                    "search": name,
                    "order": "desc" if newest_first else "asc",
                    "found": found,
                    "first ms": round(first * 1000, 1),
                    "all or 100 ms": round((time.perf_counter() - began) * 1000, 1),
                    "calls": calls,
                    "longest call ms": round(longest * 1000, 1),
                }
            )


@asynccontextmanager
async def fed(database: Database, bus: Bus, *, indexing: bool) -> AsyncIterator[None]:
    """Run a feeder beside the body, and an indexer."""
    kept = JustFed()
    feeder = Feeder(database, holder="bench", clock=CLOCK, bus=bus, just_fed=kept)
    indexer = Indexer(database, holder="bench", clock=CLOCK, bus=bus, just_fed=kept)
    await indexer.index_once()  # what was left by a measure without it
    running = [asyncio.create_task(feeder.run())]
    if indexing:
        running.append(asyncio.create_task(indexer.run()))
    try:
        yield
    finally:
        indexer.stop()
        feeder.stop()
        await asyncio.gather(*running)


async def append(database: Database, *, indexing: bool) -> tuple[float, float]:
    """Return runs a second at concurrency 8, and the 99th percentile of an append."""
    bus, ids = Bus(), Ids(CLOCK)
    journal = Journal(database, clock=CLOCK, ids=ids, bus=bus)
    waits, runs = list[float](), 0

    async def slot() -> None:
        nonlocal runs
        while time.perf_counter() < end:
            await one_run(journal, ids, waits)
            runs += 1

    async with fed(database, bus, indexing=indexing):
        began = time.perf_counter()
        end = began + SECONDS
        await asyncio.gather(*(slot() for _ in range(8)))
        rate = runs / (time.perf_counter() - began)
    await journal.close()
    return rate, quantiles(waits, n=100)[-1]


async def beside(database: Database) -> None:
    """Print what the indexer costs the appender, measured in turns."""
    await migrate(database, Schema(version=1, collections=NAMES))
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for indexing in (False, True):
            found[indexing].append(await append(database, indexing=indexing))
    rates = {key: median(rate for rate, _ in one) for key, one in found.items()}
    p99 = {key: median(late for _, late in one) for key, one in found.items()}
    blocks = len(await database.db["feed_index"].find({}, {"_id": 1}).to_list(None))
    say(
        {
            "runs/s without and with the indexer": [
                round(rates[False], 1),
                round(rates[True], 1),
            ],
            "append p99 ms": [round(p99[False], 1), round(p99[True], 1)],
            "kept": round(rates[True] / rates[False], 3),
            "blocks": blocks,
        }
    )


def say(said: dict[str, object]) -> None:
    """Print one line."""
    print(json.dumps(said), flush=True)  # noqa: T201 # its purpose


async def main(length: int, only: str | None) -> None:
    """Append beside the indexer; write both feeds, read them in turns, search one."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedServer.running(Path(folder), clock=CLOCK) as server:
            short, long, other = (
                connect(server.url, name=name, embedded=True)
                for name in ("short", "long", "other")
            )
            if only != "reading":
                await beside(other)
            if only != "appending":
                await write(short, SHORT)
                began = time.perf_counter()
                await write(long, length)
                took = round(time.perf_counter() - began)
                say({"events": length, "written in s": took})
                await compare(short, long, length)
                await search(long, length)
            for one in (short, long, other):
                await one.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["reading", "appending"])
    given = parser.parse_args()
    asyncio.run(main(given.events // LENGTH * LENGTH, given.only))
