"""What no run can beat here: documents of the same size, merely inserted.

Run as a program of its own with the data folder of a running embedded server, and the
id of a run to be like. Each line that it reads is `{"runs": n, "batches": [size, …],
"collection": "bare" | "journal"}`: it inserts as many documents as so many runs leave,
in batches of those sizes, each awaited, and answers with the seconds.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import typer

from bot.schema import SCHEMA
from core.clock import SystemClock
from core.runs.model import stream_of
from core.store.database import Database, Document, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from tests.benchmarks.programs.likes import like
from tests.benchmarks.programs.peers import work


def main(data_dir: Path, like: str) -> None:
    """Answer orders until there are no more."""
    asyncio.run(serve(data_dir, like))


async def serve(data_dir: Path, like: str) -> None:
    """Connect, learn what a run leaves, and insert it as ordered."""
    server = EmbeddedServer(data_dir, clock=SystemClock())
    await server.open()
    database = connect(server.url, embedded=True)
    kept = database.db["journal"].find({"stream": stream_of(like)})
    samples = sorted(await kept.to_list(None), key=lambda one: int(one["seq"]))
    floor = Database(database.client, database.client.get_database("floor"))
    await migrate(floor, SCHEMA)
    work.answer(ready=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        work.answer(**await inserted(floor, samples, json.loads(line)))
    await database.close()


async def inserted(
    floor: Database, samples: Sequence[Document], order: dict[str, Any]
) -> dict[str, float]:
    """Insert what so many runs leave; returns the seconds it took."""
    documents = islice(likes(samples), order["runs"] * len(samples))
    sizes = cycle(order["batches"])
    collection = floor.db[order["collection"]]
    begin = time.perf_counter()
    while batch := list(islice(documents, next(sizes))):
        await collection.insert_many(batch, ordered=True)
    return {"seconds": time.perf_counter() - begin}


def likes(samples: Sequence[Document]) -> Iterator[Document]:
    """Yield the like of the samples, stream after stream, without end."""
    while True:
        yield from like(samples, f"run/run_{secrets.token_hex(13)}")


if __name__ == "__main__":
    typer.run(main)
