"""Measures nofx beside engines that do the same: ten steps, a checkpoint after each.

Run `python -m tests.benchmarks.durable_steps`; `--quick` for a rough look. Each system
is a program of its own and does the same work, all on this machine, interleaved, so
that a busy machine slows all alike; medians are printed. The peers are installed into
`.venv-peers`, PostgreSQL is the machine's own; what cannot be had is named.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.store.embedded import EmbeddedServer
from tests.benchmarks.programs.children import child
from tests.benchmarks.programs.machine import busy
from tests.benchmarks.programs.systems import NOFX, PROGRAMS, System, ours, peers

Costs = Mapping[tuple[int, bool], dict[str, Any]]
CONCURRENCY = (1, 8)
NAME_WIDTH = 24
FEWEST, MOST = 24, 400
CAPTION = """\
One run at once, then eight; p50, p99 and CPU in ms a run. Ten steps, 1 KB of state, on
the disk after each before the next begins. A run's time is nofx: from its claim to its
end, by one worker with a feeder beside it, on the embedded server; asked for too: from
the request on. DBOS: a workflow called directly. LangGraph: invoke(durability="sync").
Both by threads: their asyncio is slower here. SQLite: WAL and synchronous=FULL.
PostgreSQL: fsync and synchronous_commit on. Floor: documents of the same size, in the
same batches, inserted into the same server; into a journal: with its validator and
indexes too. CPU: what was computed, the database's included; it means something on a
busy machine too."""
COSTS = """\
What the walk of a run, or all from its request on, sends to the database, feed
included, and what its stream holds. Heartbeats and idle polls are in it."""


def main(
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 5,
    seconds: Annotated[float, typer.Option(help="How long one shall last.")] = 2.0,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print two tables."""
    if quick:
        rounds, seconds = 3, 0.8
    asyncio.run(measure(rounds, seconds))


async def measure(rounds: int, seconds: float) -> None:
    """Measure every system in turn, and print what was found."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as name:
        folder = Path(name)
        running = EmbeddedServer.running(folder / "data", clock=SystemClock())
        async with running as server:
            costs = await accounted(folder)
            like = costs[1, False]["run"]
            batches = {slots: costs[slots, False]["batches"] for slots in CONCURRENCY}
            own = ours(folder, server.pid, like, batches)
            async with own as ours_, peers(folder) as theirs:
                systems = (*ours_, *theirs)
                await interleaved(systems, rounds, seconds)
    console.print(compared(systems))
    console.print(accounts(costs))
    console.print(f"After: {busy()}. Medians of {rounds} interleaved rounds.")
    console.print("Whatever else the machine does slows these; the ratios less so.")


async def accounted(folder: Path) -> Costs:
    """Return what runs send to the database: for so many at once, asked for or not."""
    program, log = f"{PROGRAMS}.nofx_runs", folder / "counting.log"
    async with child(program, folder / "data", "--count", log=log) as counting:
        await counting.hear()
        await counting.ask(runs=8, slots=8, asked=True)
        costs = {}
        for slots in CONCURRENCY:
            await counting.ask(enqueue=FEWEST)
            for asked in (False, True):
                told = {"runs": FEWEST, "slots": slots, "asked": asked}
                costs[slots, asked] = await counting.ask(**told)
        return costs


async def interleaved(systems: Sequence[System], rounds: int, seconds: float) -> None:
    """Measure all in turn; a first, short look says how many runs last so long."""
    present = [system for system in systems if system.program is not None]
    for slots in CONCURRENCY:
        runs = {}
        for system in present:
            rate = (await system.measure(FEWEST, slots))["rate"]
            runs[system.name] = min(MOST, max(FEWEST, round(rate * seconds)))
        for _ in range(rounds):
            for system in present:
                answer = await system.measure(runs[system.name], slots)
                system.answers.setdefault(slots, []).append(answer)


def compared(systems: Sequence[System]) -> Table:
    """Return the table of all systems, nofx's share of each beside it."""
    title = "Runs of ten durable steps"
    table = Table(title=title, caption=CAPTION, caption_justify="left")
    table.add_column("", max_width=NAME_WIDTH)
    for slots in CONCURRENCY:
        for head in (f"{slots}: runs/s", "p50", "p99", "CPU", "nofx:it"):
            table.add_column(head, justify="right")
    nofx = next(system for system in systems if system.name == NOFX)
    for system in systems:
        if system.program is None:
            table.add_row(f"{system.name}: not here, {system.absent}")
            continue
        cells = [
            cell for slots in CONCURRENCY for cell in measured(system, nofx, slots)
        ]
        table.add_row(system.name, *cells)
    return table


def measured(system: System, nofx: System, slots: int) -> tuple[str, ...]:
    """Return a system's cells for so many runs at once."""
    rate, best = system.rate(slots), nofx.rate(slots)
    assert rate is not None
    assert best is not None
    return (
        f"{rate:.1f}",
        number(system.cut(slots, 50)),
        number(system.cut(slots, 99)),
        number(system.cpu(slots)),
        f"{best / rate:.2f}",
    )


def number(value: float | None) -> str:
    """Return a number in words, a dash for none."""
    return "-" if value is None else f"{value:.0f}"


def accounts(costs: Costs) -> Table:
    """Return the table of what a run costs the database."""
    table = Table(
        title="What a run costs the database", caption=COSTS, caption_justify="left"
    )
    for head in ("at once", "of", "commits", "events", "KB kept"):
        table.add_column(head, justify="right")
    for head in ("writes", "KB written", "reads", "commits an insert"):
        table.add_column(head, justify="right")
    for (slots, asked), cost in costs.items():
        sent, runs, batches = cost["sent"], len(cost["taken"]), cost["batches"]
        table.add_row(
            str(slots),
            "request to end" if asked else "claim to end",
            str(cost["commits"]),
            str(cost["events"]),
            f"{cost['bytes'] / 1000:.1f}",
            f"{sent['writes'] / runs:.1f}",
            f"{sent['bytes'] / runs / 1000:.1f}",
            f"{sent['reads'] / runs:.1f}",
            f"{sum(batches) / len(batches):.1f}",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
