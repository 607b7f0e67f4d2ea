"""Walks runs of ten steps as the bot does: its worker, its feeder, its database.

Run as a program of its own with the data folder of a running embedded server. Each line
that it reads is an order:

- `{"enqueue": n}`: ask for runs and make them claimable; it answers with their ids;
- `{"serve": slots}`: work on what is due, as `nofx work` does, until `{"serve": 0}`;
- `{"runs": n, "slots": s}`: walk so many of those that wait, so many at once; with
  `"asked": true` each is asked for first, and its time begins there.

The last is answered with seconds, what each run took, and how many commits and bytes
one left; in a program started with `--count` also with what the database was sent.
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
from core.feed.feeder import Feeder
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.model import Run, Subject, stream_of
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
        program = Program(base, counted)
        work.answer(ready=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            work.answer(**await program.done(json.loads(line)))


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


class Program:
    """Does orders, one after the other, while it may work on runs beside them."""

    def __init__(self, base: Base, counted: Counted | None) -> None:
        self._base = base
        self._counted = counted
        self._worker: Worker | None = None
        self._working: asyncio.Task[None] | None = None

    async def done(self, order: dict[str, Any]) -> dict[str, object]:
        """Do one order and return its answer."""
        if "enqueue" in order:
            return {"ids": await self._enqueued(order["enqueue"])}
        if "serve" in order:
            return await self._serving(order["serve"])
        runs, slots, asked = order["runs"], order["slots"], order.get("asked", False)
        if self._counted is None:
            return await self._measured(runs, slots, asked=asked)
        await asyncio.sleep(SETTLE)
        self._counted.reset()
        facts = await self._measured(runs, slots, asked=asked)
        await asyncio.sleep(SETTLE)  # the feeder writes after the runs
        counted = self._counted
        return {**facts, "sent": dict(counted.calls), "batches": counted.batches}

    async def _serving(self, slots: int) -> dict[str, object]:
        if self._worker is not None and self._working is not None:
            self._worker.stop()
            await self._working
            self._worker = None
        if slots:
            self._worker = self._new_worker(slots)
            self._working = asyncio.create_task(self._worker.serve())
        return {"worker": self._worker.name if self._worker else None}

    async def _enqueued(self, runs: int) -> list[str]:
        return await asyncio.gather(*(asked_for(self._base) for _ in range(runs)))

    async def _measured(
        self, runs: int, slots: int, *, asked: bool
    ) -> dict[str, object]:
        worker = self._new_worker(slots)
        left, taken, last = iter(range(runs)), list[float](), list[Run]()

        async def slot() -> None:
            for _ in left:
                begin = time.perf_counter()
                if asked:
                    await asked_for(self._base)
                run = await worker.work_one()
                taken.append(time.perf_counter() - begin)
                assert run is not None
                assert run.status == "succeeded", run.outcome
                last[:] = [run]

        begin = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(slots):
                group.create_task(slot())
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, "taken": taken, **await self._left_by(last[0])}

    def _new_worker(self, slots: int) -> Worker:
        idle = Idle()
        return Worker(
            self._base.runs,
            {idle.name: idle},
            name=self._base.ids.new("worker"),
            pace=Pace(slots=slots),
            limits=Limits(),
        )

    async def _left_by(self, run: Run) -> dict[str, object]:
        commits = await self._base.runs.journal.documents(stream_of(run.id))
        size = sum(len(bson.encode(commit)) for commit in commits)
        events = sum(len(commit["events"]) for commit in commits)
        return {"run": run.id, "commits": len(commits), "events": events, "bytes": size}


async def asked_for(base: Base) -> str:
    """Ask for a run on a pull request of its own, claimable; returns its id."""
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


if __name__ == "__main__":
    typer.run(main)
