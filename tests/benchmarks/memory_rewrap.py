"""Prints how long it takes to wrap the keys of many sessions anew.

On the embedded server, with the service's validators and indexes, keys in memory. In
each round all sessions change from one key to the other, by one and by two at once;
then somebody appends beside it. "cpu s" is what the server and we computed, which means
something on a busy machine, too. `--quick` for a rough look.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from bot.schema import SCHEMA
from core.clock import SystemClock
from core.memory import chain
from core.memory.documents import session_document
from core.memory.envelope import Sealer, context_of, new_key
from core.memory.keys.rotation import Rotation
from core.memory.model import Scope, Session
from core.memory.schema import SESSIONS
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from tests.benchmarks.programs.machine import busy, cpu_seconds
from tests.fakes.memory import PULL, Remembering, message, remembering

MANY, QUICK = 10_000, 1000
ROUNDS = 3
AT_ONCE = 500
PAUSE = 0.05
CLOCK = SystemClock()


async def main(many: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedServer.running(Path(folder), clock=CLOCK) as server:
            database = connect(server.url, embedded=True)
            await migrate(database, SCHEMA)
            one, two = [await remembering(database, CLOCK) for _ in "12"]
            await fill(one, many)
            alone = [await rewrapped(number, many, one) for number in range(ROUNDS)]
            both = [await rewrapped(number, many, one, two) for number in range(ROUNDS)]
            say("one process", many, alone)
            say("two at once", many, both)
            await beside(database, one, two)
            await one.close()
            await two.close()
            await database.close()


async def fill(here: Remembering, many: int) -> None:
    """Store sessions as the service begins them."""
    begun = await here.memory.of(PULL)
    await here.ring.add("k2")
    for first in range(0, many - 1, AT_ONCE):
        last = min(first + AT_ONCE, many - 1)
        made = [await session(here, begun, number) for number in range(first, last)]
        await here.database.db[SESSIONS].insert_many(map(session_document, made))


async def session(here: Remembering, like: Session, number: int) -> Session:
    """Return a session with a key of its own."""
    session_id, key = f"session_{number:026}", new_key()
    scope = Scope(kind="pull", repository=f"octo/r{number % 500}", pull=number)
    return replace(
        like,
        id=session_id,
        scope=scope,
        head=chain.head(Sealer(key), session_id, 0, chain.GENESIS, 0),
        key=await here.ring.wrap(key, context_of(scope.tenant, session_id)),
    )


async def rewrapped(
    number: int, many: int, *processes: Remembering
) -> tuple[float, float]:
    """Promote the key that is not active; return seconds that passed, and computed."""
    rotations = [rotation_of(one) for one in processes]
    active = (await processes[0].ring.ring()).active
    await rotations[0].promote("k1" if active == "k2" else "k2", actor=f"r{number}")
    began, computed = time.perf_counter(), cpu_seconds([os.getpid()]) or 0.0
    done = await asyncio.gather(*(one.rewrap(actor="bench") for one in rotations))
    took = time.perf_counter() - began
    assert sum(one.moved for one in done) == many
    assert done[-1].left == 0
    return took, (cpu_seconds([os.getpid()]) or 0.0) - computed


async def beside(database: Database, one: Remembering, two: Remembering) -> None:
    """Print how long an append takes while keys are wrapped anew, and while not."""
    times: dict[str, list[float]] = {"quiet": [], "rewrapping": []}
    rotating = asyncio.create_task(asyncio.sleep(2))
    for what, taken in times.items():
        while not rotating.done():
            began = time.perf_counter()
            await two.memory.append((await two.memory.of(PULL)).id, [message("more")])
            taken.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE)
        await rotating
        many = len(await database.db[SESSIONS].find({}, {"_id": 1}).to_list(None))
        if what == "quiet":
            rotating = asyncio.create_task(_again(one, many))
    medians = {what: round(median(all_) * 1000, 1) for what, all_ in times.items()}
    print(json.dumps({"an append, median ms": medians}))  # noqa: T201 # its answer


async def _again(one: Remembering, many: int) -> None:
    await rewrapped(ROUNDS, many, one)


def rotation_of(one: Remembering) -> Rotation:
    """Return what rotates for a process."""
    return Rotation(
        one.database, one.ring, journal=one.journal, audit=one.audit, clock=CLOCK
    )


def say(who: str, many: int, rounds: list[tuple[float, float]]) -> None:
    """Print a line of JSON."""
    taken = [passed for passed, _ in rounds]
    said = {
        "rewrap": who,
        "sessions": many,
        "median s": round(median(taken), 1),
        "all s": [round(one, 1) for one in taken],
        "median cpu s": round(median(computed for _, computed in rounds), 1),
        "a second": round(many / median(taken)),
        "machine": busy(),
    }
    print(json.dumps(said))  # noqa: T201 # its answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    asyncio.run(main(QUICK if parser.parse_args().quick else MANY))
