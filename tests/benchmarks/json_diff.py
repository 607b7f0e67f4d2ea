"""Measures differences of JSON states beside the libraries that find such.

Run `python -m tests.benchmarks.json_diff`; `--quick` for a rough look. Each library is
a program of its own; all take turns, so that a busy machine slows all alike, and each
counts its own CPU time; medians are printed. The peers live in `.venv-peers`.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks.programs.children import Child, child
from tests.benchmarks.programs.machine import busy
from tests.benchmarks.programs.peers.json_states import CASES
from tests.benchmarks.programs.peers_venv import NotInstalledError, peers_python

PROGRAMS = "tests.benchmarks.programs"
SERVED, UNPROVEN, YARDSTICK = "nofx, proven and told", "nofx, patch only", "jsonpatch"
OURS = {SERVED: "served", UNPROVEN: "unproven"}
PEERS = (YARDSTICK, "jsonpatch, with tests", "deepdiff", "dictdiffer", "jsondiff")
# How often a case is done in one round; what takes longer than a moment, once.
TIMES = {"1 KB": 200, "1 000": 5}
CAPTION = """\
ms: CPU time of one difference. proven and told: with its `test` operations, applied
and compared in every bit before it is served, and the changes for people. of jsonpatch:
how many times as fast as that. gave up: it took longer than it was given."""


@dataclass(slots=True)
class Measured:
    """What one library took for one case, round by round; `late` if it gave up."""

    seconds: list[float] = field(default_factory=list)
    operations: int = 0
    right: bool = True
    late: bool = False

    def add(self, answer: Mapping[str, Any]) -> None:
        """Note one round."""
        if answer.get("late"):
            self.late = True
            return
        self.seconds.append(answer["seconds"])
        self.operations = answer["operations"]
        self.right = self.right and answer["right"]


Found = Mapping[tuple[str, str], Measured]


def main(
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 5,
    trips: Annotated[int, typer.Option(help="Random round trips.")] = 10_000,
    patience: Annotated[float, typer.Option(help="Seconds for one case.")] = 60.0,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print tables."""
    if quick:
        rounds, trips, patience = 3, 1_000, 20.0
    asyncio.run(measure(rounds, trips, patience))


async def measure(rounds: int, trips: int, patience: float) -> None:
    """Let all take turns, and print what was found."""
    console = Console(width=110)
    console.print(f"Before: {busy()}.")
    found = {(name, case): Measured() for name in (*OURS, *PEERS) for case in CASES}
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        async with programs(Path(folder), console) as running:
            for case in CASES:
                for _ in range(rounds):
                    for name, program in running.items():
                        # It would be as late in every round.
                        if not found[name, case].late:
                            order = {"case": case, "times": times(case)}
                            answer = await program.ask(
                                do="time", patience=patience, **order
                            )
                            found[name, case].add(answer)
            wrong = {
                name: (await program.ask(do="trips", times=trips))["wrong"]
                for name, program in running.items()
            }
    console.print(table(found, wrong))
    console.print(
        f"Wrong in {trips:,} random round trips: "
        + "; ".join(f"{name} {count:,}" for name, count in wrong.items())
    )
    console.print(f"After: {busy()}. Medians of {rounds} interleaved rounds.")


def times(case: str) -> int:
    """Return how often a case is done in one round."""
    return next((many for name, many in TIMES.items() if case.startswith(name)), 1)


@asynccontextmanager
async def programs(folder: Path, console: Console) -> AsyncIterator[dict[str, Child]]:
    """Start all, the peers only if they can be had."""
    running: dict[str, Child] = {}
    async with AsyncExitStack() as stack:
        for name, kind in OURS.items():
            started = child(f"{PROGRAMS}.json_nofx", kind, log=folder / f"{kind}.log")
            running[name] = await stack.enter_async_context(started)
        try:
            python = await asyncio.to_thread(peers_python)
        except NotInstalledError as error:
            console.print(f"The peers are not here: {error}")
        else:
            program = f"{PROGRAMS}.peers.json_differs"
            for name in PEERS:
                log = folder / f"{name}.log"
                started = child(program, name, log=log, python=python)
                running[name] = await stack.enter_async_context(started)
        for one in running.values():
            await one.hear()
        yield running


def table(found: Found, wrong: Mapping[str, int]) -> Table:
    """Return a row for each case and library."""
    made = Table(title="Differences of JSON", caption=CAPTION, caption_justify="left")
    for head in ("", "", "ms", "of jsonpatch", "operations", ""):
        made.add_column(head, justify="right")
    for case in CASES:
        for name in wrong:
            mine, yardstick = found[name, case], found.get((YARDSTICK, case))
            title = case if name is SERVED else ""
            if mine.late:
                made.add_row(title, name, "", "", "", "gave up")
                continue
            ratio = ""
            if yardstick and yardstick.seconds:
                pairs = zip(yardstick.seconds, mine.seconds, strict=False)
                ratio = f"{median(their / own for their, own in pairs):.2f} times"
            cells = f"{median(mine.seconds) * 1000:,.3f}", ratio, f"{mine.operations:,}"
            made.add_row(title, name, *cells, "" if mine.right else "WRONG")
        made.add_section()
    return made


if __name__ == "__main__":
    typer.run(main)
