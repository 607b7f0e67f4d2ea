"""Measures whether what is done to one run stays as fast when there are many.

Run `python -m tests.benchmarks.many_runs`; `--quick` for a rough look. Two embedded
servers hold few runs and many, all ended and whole. Rounds are interleaved between the
two, so that a busy machine slows both alike; medians are printed.
"""

import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from bot.base import Base, opened
from bot.logs import configure_logs
from bot.settings import load_settings
from core.runs.holder import Pace
from core.runs.pipeline import Step, StepContext, StepOutcome
from core.runs.walk import Limits
from core.runs.worker import Worker
from tests.benchmarks.journal import one_run
from tests.benchmarks.programs.crowd import crowded
from tests.benchmarks.programs.idle import Idle
from tests.benchmarks.programs.machine import busy
from tests.benchmarks.programs.nofx_runs import asked_for

FEW = 100
CAPTION = """
p95 in milliseconds, one after the other. claim: from looking for work until the first
step of a run begins, with so few waiting as are claimed; then with as many waiting as
have ended. append: one commit of 1 KB. read: a run of ten steps, folded from its
stream."""


@dataclass(frozen=True, slots=True)
class Started(Step):
    """A first step that notes when it began."""

    times: list[float]

    @property
    @override
    def name(self) -> str:
        return "step1"

    @override
    async def run(self, context: StepContext) -> StepOutcome:
        self.times.append(time.perf_counter())
        return StepOutcome(state={}, summary="Noted the time.")


class Noting(Idle):
    """A pipeline of one step that notes when it began."""

    def __init__(self) -> None:
        self.times: list[float] = []

    @property
    @override
    def steps(self) -> tuple[Step, ...]:
        return (Started(self.times),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """A database with so many runs, and milliseconds by what was done, by round."""

    base: Base
    runs: Sequence[str]
    found: dict[str, list[list[float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def p95(self, name: str) -> float:
        """Return the rounds' median of the 95th percentile."""
        cuts = (quantiles(some, n=20, method="inclusive") for some in self.found[name])
        return median(cut[-1] for cut in cuts)

    async def claim(self, name: str, times: int) -> None:
        """Note how long it takes until a run that waits has begun its first step."""
        pipeline, waits = Noting(), list[float]()
        worker = worker_of(self.base, pipeline)
        for _ in range(times):
            begin = time.perf_counter()
            assert await worker.work_one() is not None
            waits.append((pipeline.times.pop() - begin) * 1000)
        self.found[name].append(waits)

    async def append_and_read(self, times: int) -> None:
        """Note how long it takes to append a commit, and to read a run."""
        waits: list[float] = []
        while len(waits) < times:
            await one_run(self.base.runs.journal, self.base.ids, waits)
        self.found["append"].append(waits)
        loads = []
        chance = random.Random(times)  # noqa: S311 # the same places in both databases
        for run_id in chance.choices(self.runs, k=times):
            begin = time.perf_counter()
            await self.base.runs.load(run_id)
            loads.append((time.perf_counter() - begin) * 1000)
        self.found["read"].append(loads)


def main(
    many: Annotated[int, typer.Option(help="Runs in the larger database.")] = 10_000,
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 5,
    times: Annotated[int, typer.Option(help="Of each, in a round.")] = 60,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Fill both databases, measure, and print a table."""
    if quick:
        many, rounds, times = 2_000, 3, 40
    asyncio.run(measure(many, rounds, times))


async def measure(many: int, rounds: int, times: int) -> None:
    """Measure both databases in turn, and print the medians."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        async with AsyncExitStack() as stack:
            few, more = [
                await filled(stack, Path(folder) / str(size), size)
                for size in (FEW, many)
            ]
            in_turn = [pair for _ in range(rounds) for pair in (few, more, more, few)]
            for crowd in in_turn[: 2 * rounds]:
                for _ in range(times):
                    await asked_for(crowd.base)
                await crowd.claim("claim", times)
                await crowd.append_and_read(times)
            for crowd in (few, more):
                await crowded(crowd.base, await asked_for(crowd.base), len(crowd.runs))
            for crowd in in_turn[: 2 * rounds]:
                await crowd.claim("claim, as many waiting", times // 4)
    console.print(compared(few, more), CAPTION)
    console.print(f"After: {busy()}. Medians of {rounds} interleaved rounds.")


async def filled(stack: AsyncExitStack, data_dir: Path, runs: int) -> Crowd:
    """Open a database of its own and fill it with ended runs."""
    settings = load_settings(None, data_dir=data_dir, mongodb_url=None)
    log = stack.enter_context((data_dir.parent / "log").open("a"))
    configure_logs(settings, log)
    base = await stack.enter_async_context(opened(settings))
    await asyncio.to_thread(base.finder.warm)
    sample = await asked_for(base)
    assert await worker_of(base, Idle()).work_one() is not None
    return Crowd(base=base, runs=await crowded(base, sample, runs))


def worker_of(base: Base, pipeline: Idle) -> Worker:
    """Return a worker that walks one run at a time."""
    return Worker(
        base.runs,
        {pipeline.name: pipeline},
        name=base.ids.new("worker"),
        pace=Pace(slots=1),
        limits=Limits(),
    )


def compared(few: Crowd, many: Crowd) -> Table:
    """Return the table of what was measured."""
    table = Table(title="One run among few, and among many")
    table.add_column("")
    for head in (f"p95 of {len(few.runs)}", f"of {len(many.runs)}", "ratio"):
        table.add_column(head, justify="right")
    for name in few.found:
        one, other = few.p95(name), many.p95(name)
        table.add_row(name, f"{one:.1f}", f"{other:.1f}", f"{other / one:.2f}")
    return table


if __name__ == "__main__":
    typer.run(main)
