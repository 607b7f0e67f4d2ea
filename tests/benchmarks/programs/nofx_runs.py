"""Walks runs of ten steps as the bot does: its worker, its feeder, its database.

Run as a program of its own with the data folder of a running embedded server. Each line
that it reads is an order:

- `{"enqueue": n}`: ask for runs and make them claimable;
- `{"walk": slots}`: walk what is due, so many at once, until nothing is;
- `{"runs": n, "slots": s}`: both; with `"asked": true` a run's time begins when it is
  asked for, and it is asked for by whoever then walks it.

It answers with seconds, what each run took, and how many commits and bytes it left; in
a program started with `--count` also with what was sent to the database.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import bson
import typer
from pymongo import monitoring

from bot.base import Base, opened
from bot.logs import configure_logs
from bot.settings import load_settings
from core.events.feeder import Feeder
from core.runs.holder import Pace
from core.runs.model import Run, Subject, stream_of
from core.runs.walk import Limits
from core.runs.worker import Worker
from tests.benchmarks.programs.counting import Counted
from tests.benchmarks.programs.idle import Idle
from tests.benchmarks.programs.peers import work

# Several programs share one database, and each asks on pull requests of its own.
REPOSITORY = f"octo/{secrets.token_hex(4)}"
PULLS = count(1)
SETTLE = 1.0


def main(
    data_dir: Path,
    *,
    counting: Annotated[bool, typer.Option("--count")] = False,
) -> None:
    """Answer orders until there are no more."""
    counted = Counted()
    if counting:
        monitoring.register(counted)
    asyncio.run(serve(data_dir, counted if counting else None))


async def serve(data_dir: Path, counted: Counted | None) -> None:
    """Open what the bot stands on, and do what is ordered."""
    settings = load_settings(None, data_dir=data_dir, mongodb_url=None)
    configure_logs(settings, sys.stderr)
    async with opened(settings) as base, fed(base):
        await asyncio.to_thread(base.finder.warm)
        work.answer(ready=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            work.answer(**await done(base, json.loads(line), counted))


@asynccontextmanager
async def fed(base: Base) -> AsyncIterator[None]:
    """Run a feeder beside the body, as the bot does."""
    holder = base.ids.new("feeder")
    feeder = Feeder(base.database, holder=holder, clock=base.clock, bus=base.bus)
    feeding = asyncio.create_task(feeder.run())
    try:
        yield
    finally:
        feeder.stop()
        await feeding


async def done(
    base: Base, order: dict[str, Any], counted: Counted | None
) -> dict[str, object]:
    """Do one order and return its answer."""
    if "enqueue" in order:
        await enqueued(base, order["enqueue"])
        return {}
    if "walk" in order:
        return await measured(base, None, order["walk"], asked=False)
    runs, asked = order["runs"], order.get("asked", False)
    if not asked:
        await enqueued(base, runs)
    if counted is None:
        return await measured(base, runs, order["slots"], asked=asked)
    await asyncio.sleep(SETTLE)
    counted.reset()
    facts = await measured(base, runs, order["slots"], asked=asked)
    await asyncio.sleep(SETTLE)  # the feeder writes after the runs
    return {**facts, "sent": dict(counted.calls), "batches": counted.batches}


async def enqueued(base: Base, runs: int) -> None:
    """Ask for runs, each on a pull request of its own, and make them claimable."""
    await asyncio.gather(*(asked_for(base) for _ in range(runs)))


async def asked_for(base: Base) -> str:
    """Ask for one run, and make it claimable; returns its id."""
    number = next(PULLS)
    subject = Subject(
        repository=REPOSITORY,
        pull=number,
        head_sha=f"{number:040x}",
        pipeline=Idle().name,
    )
    requested = await base.runs.request(subject, f"{REPOSITORY}-{number}")
    await base.runs.release(requested.run_id)
    return requested.run_id


async def measured(
    base: Base, runs: int | None, slots: int, *, asked: bool
) -> dict[str, object]:
    """Walk runs, so many at once; without a number, until nothing is due."""
    worker = Worker(
        base.runs,
        {Idle().name: Idle()},
        name=base.ids.new("worker"),
        pace=Pace(slots=slots),
        limits=Limits(),
    )
    taken: list[float] = []
    left = iter(range(runs)) if runs is not None else count()
    last: list[Run] = []

    async def slot() -> None:
        for _ in left:
            begin = time.perf_counter()
            if asked:
                await asked_for(base)
            run = await worker.work_one()
            if run is None:
                return
            assert run.status == "succeeded", run.outcome
            taken.append(time.perf_counter() - begin)
            last[:] = [run]

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(slots):
            group.create_task(slot())
    seconds = time.perf_counter() - begin
    facts: dict[str, object] = {"seconds": seconds, "taken": taken}
    return {**facts, **(await left_by(base, last[0]) if last else {})}


async def left_by(base: Base, run: Run) -> dict[str, object]:
    """Return what one run left in the journal."""
    commits = await base.runs.journal.documents(stream_of(run.id))
    size = sum(len(bson.encode(commit)) for commit in commits)
    events = sum(len(commit["events"]) for commit in commits)
    return {"run": run.id, "commits": len(commits), "events": events, "bytes": size}


if __name__ == "__main__":
    typer.run(main)
