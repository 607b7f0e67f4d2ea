"""Measures several worker processes on one database, beside a single one.

Run `python -m tests.benchmarks.fleet`; `--quick` for a rough look. Every process is a
program of its own with a worker and a feeder, as the bot has; all stand on one embedded
server and work off one queue. Rounds are interleaved, so that a busy machine slows all
alike; medians are printed.
"""

import asyncio
import math
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.events.commit import Commit, from_document
from core.runs.evolve import fold
from core.runs.model import stream_of
from core.runs.states import Status
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from tests.benchmarks.programs.children import Child, child
from tests.benchmarks.programs.machine import busy

SLOTS = 8
FLEETS = (1, 3)
LOOK_SECONDS = 0.1
CAPTION = f"""
Ten steps and 1 KB of state, {SLOTS} at once in every process, one queue. runs/s: from
the first claim to the last end; a run's time: from its claim to its end; both as the
journal has them. uneven: the slowest process's p99 by the fastest one's. fewest:most:
how many runs each process had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Who walked a run, from when to when."""

    worker: str
    begin: datetime
    end: datetime

    @property
    def taken(self) -> float:
        """Return milliseconds."""
        return (self.end - self.begin).total_seconds() * 1000


@dataclass(frozen=True, slots=True)
class Drained:
    """How one queue was worked off."""

    workers: Sequence[str]
    runs: Sequence[Walked]

    @property
    def rate(self) -> float:
        """Return runs a second."""
        begin = min(run.begin for run in self.runs)
        return len(self.runs) / (max(r.end for r in self.runs) - begin).total_seconds()

    def cut(self, percent: int) -> float:
        """Return a percentile of the milliseconds, over all processes."""
        return _cut([run.taken for run in self.runs], percent)

    @property
    def uneven(self) -> float:
        """Return the slowest process's p99 by the fastest one's."""
        if min(map(len, self._by_worker())) < 2:
            return math.inf
        tails = [_cut(taken, 99) for taken in self._by_worker()]
        return max(tails) / min(tails)

    @property
    def share(self) -> float:
        """Return the fewest runs that a process had by the most."""
        counts = [len(taken) for taken in self._by_worker()]
        return min(counts) / max(counts)

    def _by_worker(self) -> Sequence[Sequence[float]]:
        return [
            [run.taken for run in self.runs if run.worker == worker]
            for worker in self.workers
        ]


def main(
    runs: Annotated[int, typer.Option(help="Runs in the queue.")] = 240,
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 5,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table."""
    if quick:
        runs, rounds = 90, 3
    asyncio.run(measure(runs, rounds))


async def measure(runs: int, rounds: int) -> None:
    """Have fleets of each size drain a queue in turn, and print the medians."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    found = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        async with staged(Path(folder)) as (database, fleet):
            await drained(database, fleet, len(fleet) * SLOTS)
            for _ in range(rounds):
                for size in FLEETS:
                    result = await drained(database, fleet[:size], runs)
                    found[size].append(result)
    console.print(compared(found), CAPTION.lstrip())
    console.print(f"After: {busy()}. Medians of {rounds} interleaved rounds.")
    console.print("Whatever else the machine does slows these; the ratios less so.")


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[tuple[Database, Sequence[Child]]]:
    """Start the database and the largest fleet."""
    data = folder / "data"
    program = "tests.benchmarks.programs.nofx_runs"
    async with AsyncExitStack() as stack:
        running = EmbeddedServer.running(data, clock=SystemClock())
        server = await stack.enter_async_context(running)
        database = connect(server.url, embedded=True)
        stack.push_async_callback(database.close)
        fleet = []
        for number in range(max(FLEETS)):
            log = folder / f"worker-{number}.log"
            fleet.append(await stack.enter_async_context(child(program, data, log=log)))
            await fleet[-1].hear()
        yield database, fleet


async def drained(database: Database, fleet: Sequence[Child], runs: int) -> Drained:
    """Fill the queue, have these processes work it off, and read how they did."""
    ids = (await fleet[0].ask(enqueue=runs))["ids"]
    workers = [(await process.ask(serve=SLOTS))["worker"] for process in fleet]
    while await _left(database):  # noqa: ASYNC110 - the workers are other processes
        await asyncio.sleep(LOOK_SECONDS)
    for process in fleet:
        await process.ask(serve=0)
    return Drained(workers, [await _walked(database, run_id) for run_id in ids])


async def _left(database: Database) -> int:
    active = database.db["runs"].find({"active": True}, {"_id": 1})
    return len(await active.to_list(None))


async def _walked(database: Database, run_id: str) -> Walked:
    found = database.db["journal"].find({"stream": stream_of(run_id)})
    commits = sorted(map(from_document, await found.to_list(None)), key=_seq)
    claim = next(n for n, one in enumerate(commits) if one.to == Status.RUNNING)
    held, run = fold(run_id, commits[: claim + 1]), fold(run_id, commits)
    assert run.status is Status.SUCCEEDED, run.outcome
    assert held.owner is not None
    end = commits[-1].time
    return Walked(worker=held.owner, begin=commits[claim].time, end=end)


def _seq(commit: Commit) -> int:
    return commit.seq


def _cut(taken: Sequence[float], percent: int) -> float:
    return quantiles(taken, n=100, method="inclusive")[percent - 1]


def compared(found: dict[int, list[Drained]]) -> Table:
    """Return the table of the fleets, the smallest first."""
    title = "Worker processes on one embedded server"
    table = Table(title=title)
    heads = ("runs/s", "of one's", "p50 ms", "p99 ms", "uneven", "fewest:most")
    for head in ("processes", *heads):
        table.add_column(head, justify="right")
    alone = median(result.rate for result in found[FLEETS[0]])
    for size, results in found.items():
        rate = median(result.rate for result in results)
        table.add_row(
            str(size),
            f"{rate:.1f}",
            f"{rate / alone:.2f}",
            f"{median(result.cut(50) for result in results):.0f}",
            f"{median(result.cut(99) for result in results):.0f}",
            f"{median(result.uneven for result in results):.2f}",
            f"{median(result.share for result in results):.2f}",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
