"""What nobody can beat here: the same bytes given to the disk, or to the database."""

import asyncio
import os
import time
from collections.abc import Sequence
from itertools import count, cycle, islice
from pathlib import Path

from core.store.database import Collection, Document
from tests.benchmarks.programs.latency import summary

NUMBERS = count(1)


def appended(path: Path, bodies: Sequence[bytes], group: int, seconds: float) -> float:
    """Append bodies in groups, each group forced to the disk; returns bodies a second.

    Nothing that acknowledges only what is durable is faster, group for group.
    """
    data = b"".join(islice(cycle(bodies), group))
    with path.open("ab") as file:
        begin = time.perf_counter()
        done = 0
        while (taken := time.perf_counter() - begin) < seconds:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            done += group
    return done / taken


async def inserted(
    collection: Collection, documents: Sequence[Document], group: int, seconds: float
) -> float:
    """Insert documents in groups under fresh ids; returns documents a second."""
    endless = cycle(documents)
    begin = time.perf_counter()
    done = 0
    while (taken := time.perf_counter() - begin) < seconds:
        fresh = [
            document | {"_id": f"floor-{next(NUMBERS)}"}
            for document in islice(endless, group)
        ]
        await collection.insert_many(fresh, ordered=False)
        done += group
    return done / taken


async def probed(
    collection: Collection, document: Document, rate: float, seconds: float
) -> dict[str, float]:
    """Insert single documents at a slow pace; returns what a load returns."""
    taken: list[float] = []
    begin = time.perf_counter()
    for number in range(int(rate * seconds)):
        pause = begin + number / rate - time.perf_counter()
        await asyncio.sleep(max(0.0, pause))
        sent = time.perf_counter()
        await collection.insert_one(document | {"_id": f"floor-{next(NUMBERS)}"})
        taken.append(time.perf_counter() - sent)
    return summary(taken, time.perf_counter() - begin)
