"""Measures what the feed costs those who append, and how late it is.

Run `python -m tests.benchmarks.feed`; `--quick` for a rough look. Every process is a
program of its own, on one embedded server with the service's validators and indexes.
Rounds with and without a feeder are interleaved, so that a busy machine slows both.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.schema import SCHEMA
from core.clock import SystemClock
from core.store.database import connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from tests.benchmarks.programs.children import Child, child
from tests.benchmarks.programs.machine import busy

SLOTS = 8
MOST = 3
TRICKLE = 48
LATE = ("late p50", "late p99 ms")
CAPTION = f"""
Commits of one event of 1 KB, {SLOTS} runs at once in each process. late: from the call
that appends to the moment at which a reader in the same process has the event, so with
the append itself; several processes: of the events of the process that feeds."""


@dataclass(frozen=True, slots=True)
class Round:
    """What several processes appended in one round."""

    said: Sequence[dict[str, Any]]

    @property
    def rate(self) -> float:
        """Return commits a second, of all processes."""
        return sum(len(one["taken"]) / float(one["seconds"]) for one in self.said)

    def times(self, name: str) -> list[float]:
        """Return the milliseconds of this name, of all processes."""
        return [time for one in self.said for time in one[name]]


def main(
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 5,
    seconds: Annotated[float, typer.Option(help="Of each of them.")] = 4.0,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table."""
    if quick:
        rounds, seconds = 3, 2.0
    asyncio.run(measure(rounds, seconds))


async def measure(rounds: int, seconds: float) -> None:
    """Have one and several processes append, with a feeder and without."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        async with staged(Path(folder)) as crowd:
            table = Table(title="The feed on one embedded server")
            for head in ("", "appends/s", "of those", "append p99", *LATE):
                table.add_column(head, justify="right" if head else "left")
            for size in (1, MOST):
                found: dict[bool, list[Round]] = {False: [], True: []}
                for _ in range(rounds):
                    for feed in (False, True):
                        made = await one_round(crowd[:size], seconds, feed=feed)
                        found[feed].append(made)
                add_rows(table, size, found)
            trickled = Round([await crowd[0].ask(trickle=TRICKLE)])
            table.add_row("one now and then, fed", "", "", *times_of([trickled]))
    console.print(table, CAPTION.lstrip())
    console.print(f"After: {busy()}. Medians of {rounds} interleaved rounds.")


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Sequence[Child]]:
    """Start a migrated database and its processes."""
    program = "tests.benchmarks.programs.appending"
    async with AsyncExitStack() as stack:
        running = EmbeddedServer.running(folder / "data", clock=SystemClock())
        server = await stack.enter_async_context(running)
        database = connect(server.url, embedded=True)
        await migrate(database, SCHEMA)
        await database.close()
        crowd = []
        for number in range(MOST):
            started = child(program, server.url, log=folder / f"{number}.log")
            crowd.append(await stack.enter_async_context(started))
            await crowd[-1].hear()
        yield crowd


async def one_round(crowd: Sequence[Child], seconds: float, *, feed: bool) -> Round:
    """Let processes append at once; the first of them feeds."""
    orders = [
        one.ask(seconds=seconds, slots=SLOTS, feed=feed and one is crowd[0])
        for one in crowd
    ]
    return Round(await asyncio.gather(*orders))


def add_rows(table: Table, size: int, found: dict[bool, list[Round]]) -> None:
    """Add what was found of so many processes."""
    alone = median(one.rate for one in found[False])
    ratios = [
        with_.rate / without.rate
        for without, with_ in zip(found[False], found[True], strict=True)
    ]
    noun = "process" if size == 1 else "processes"
    table.add_row(f"{size} {noun}", f"{alone:.0f}", "", *times_of(found[False]))
    fed = median(one.rate for one in found[True])
    share = f"{median(ratios):.0%}"
    table.add_row(f"{size} {noun}, fed", f"{fed:.0f}", share, *times_of(found[True]))


def times_of(rounds: Sequence[Round]) -> list[str]:
    """Return the cells of how long appends took and how late the feed was."""
    taken, lags = (
        [time for one in rounds for time in one.times(name)]
        for name in ("taken", "lags")
    )
    late = [median(lags), quantiles(lags, n=100)[98]] if lags else []
    cells = [f"{number:.0f}" for number in (quantiles(taken, n=100)[98], *late)]
    return [*cells, *("",) * (3 - len(cells))]


if __name__ == "__main__":
    typer.run(main)
