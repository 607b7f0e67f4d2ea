"""Measures what it costs to account for processor time by handler.

Run `python -m tests.benchmarks.handler_cpu`; `--quick` for a rough look. A real worker
walks runs of ten steps, each of which asks the database and starts two tasks, and two
tasks play ping-pong with nothing else to do: with the accounting, and without it. Both
are done in turn and in both orders, so that a busy machine slows both alike.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import pytest
import typer
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from bot.base import Base, opened
from bot.logs import configure_logs
from bot.setting_values import LogLevel
from bot.settings import load_settings
from core.metrics import handler_cpu
from core.metrics.handlers import HANDLERS
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.pipeline import Step, StepContext, StepOutcome
from core.runs.worker import Worker
from tests.benchmarks.programs.idle import Idle
from tests.benchmarks.programs.machine import busy
from tests.benchmarks.programs.nofx_runs import asked_for

ASKS = 4
SWITCHES = 20_000
CAPTION = """
Medians of paired rounds: processor and wall time of one run, and of one switch between
two tasks. "accounted" has the task factory and, in a run, a handler for each step;
"off" has the task factory and no handler, as all that serves no handler does."""
Clocks = tuple[float, float]
Way = tuple[Callable[[], AbstractContextManager[None]], Callable[[], Awaitable[Clocks]]]


@dataclass(frozen=True, slots=True)
class Asking(Step):
    """A step that asks the database a few times, by itself and in two tasks."""

    label: str
    base: Base

    @property
    @override
    def name(self) -> str:
        return self.label

    @override
    async def run(self, context: StepContext) -> StepOutcome:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(self._ask(ASKS // 2))
        return StepOutcome(state={}, summary="Asked.")

    async def _ask(self, times: int) -> None:
        for _ in range(times):
            await self.base.database.db["work"].find_one({"_id": "nothing"})


class AskingPipeline(Idle):
    """Ten such steps."""

    def __init__(self, base: Base) -> None:
        self._steps = tuple(Asking(f"step{n}", base) for n in range(1, 11))

    @property
    @override
    def steps(self) -> tuple[Step, ...]:
        return self._steps


async def unaccounted(_: str, work: Awaitable[Any]) -> Any:
    """Stand where the accounting stands, and only await."""
    return await work


@contextmanager
def without() -> Iterator[None]:
    """Take the accounting out of the loop and out of the walks within the body."""
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    loop.set_task_factory(None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.runs.walk.handled", unaccounted)
        yield
    loop.set_task_factory(factory)


def main(
    runs: Annotated[int, typer.Option(help="Runs with, and as many without.")] = 300,
    rounds: Annotated[int, typer.Option(help="Games of ping-pong, of each kind.")] = 30,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table."""
    asyncio.run(measure(60, 6) if quick else measure(runs, rounds))


async def measure(runs: int, rounds: int) -> None:
    """Measure the worker and the ping-pong, and print both."""
    console = Console()
    console.print(f"Before: {busy()}.")
    HANDLERS.allow("test:bench")
    table = Table("what", "without", "accounted", "off", "accounted / without")
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as name:
        settings = load_settings(None, data_dir=Path(name), mongodb_url=None)
        configure_logs(settings, sys.stderr, LogLevel.WARNING)
        async with opened(settings) as base:
            with handler_cpu.accounting(asyncio.get_running_loop()):
                walks = await of_worker(base, runs)
                switches = await of_switches(rounds)
    table.add_row("a run, processor, ms", *shown(walks, 0, 1e-3))
    table.add_row("a run, wall, ms", *shown(walks, 1, 1e-3))
    table.add_row("a switch, processor, µs", *shown(switches, 0, SWITCHES * 1e-6))
    console.print(table)
    console.print(CAPTION)
    console.print(f"After: {busy()}. {runs} runs and {rounds} games of each kind.")


def shown(found: dict[str, list[Clocks]], clock: int, unit: float) -> list[str]:
    """Return the medians as texts, and the median of the ratios of each pair."""
    times = {name: [one[clock] for one in some] for name, some in found.items()}
    pairs = zip(times["accounted"], times["without"], strict=True)
    medians = [
        f"{median(times[name]) / unit:.2f}" if name in times else "-"
        for name in ("without", "accounted", "off")
    ]
    return [*medians, f"{median(a / b for a, b in pairs):.3f}"]


async def of_worker(base: Base, runs: int) -> dict[str, list[Clocks]]:
    """Walk one run with and one without, again and again."""
    pipeline = AskingPipeline(base)
    worker = Worker(
        base.runs,
        {pipeline.name: pipeline},
        name=base.ids.new("worker"),
        pace=Pace(slots=1),
        limits=Limits(),
    )

    async def walked() -> None:
        run = await worker.work_one()
        assert run is not None
        assert run.status == "succeeded", run.outcome

    async def timed() -> Clocks:
        await asked_for(base)
        return await clocked(walked)

    ways: dict[str, Way] = {
        "without": (without, timed),
        "accounted": (nullcontext, timed),
    }
    return await in_pairs(runs, ways)


async def of_switches(rounds: int) -> dict[str, list[Clocks]]:
    """Let two tasks wake each other, with a handler, without, and plainly."""

    async def handled() -> Clocks:
        return await clocked(lambda: handler_cpu.handled("test:bench", ping_pong()))

    async def plain() -> Clocks:
        return await clocked(ping_pong)

    ways: dict[str, Way] = {
        "without": (without, plain),
        "accounted": (nullcontext, handled),
        "off": (nullcontext, plain),
    }
    return await in_pairs(rounds, ways)


async def ping_pong() -> None:
    """Hand a ball to and fro between two tasks."""
    table: asyncio.Queue[int] = asyncio.Queue()
    back: asyncio.Queue[int] = asyncio.Queue()

    async def returning() -> None:
        for _ in range(SWITCHES // 2):
            back.put_nowait(await table.get())

    async def serving() -> None:
        for ball in range(SWITCHES // 2):
            table.put_nowait(ball)
            await back.get()

    async with asyncio.TaskGroup() as group:
        group.create_task(returning())
        group.create_task(serving())


async def in_pairs(rounds: int, ways: Mapping[str, Way]) -> dict[str, list[Clocks]]:
    """Do each in turn, every second round backwards; the first is not counted."""
    found: dict[str, list[Clocks]] = {name: [] for name in ways}
    for number in range(-1, rounds):
        names = list(ways) if number % 2 else list(ways)[::-1]
        for name in names:
            context, timed = ways[name]
            with context():
                clocks = await timed()
            if number >= 0:
                found[name].append(clocks)
    return found


async def clocked(work: Callable[[], Awaitable[None]]) -> Clocks:
    """Return the processor and the wall time of some work, in seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    await work()
    return time.process_time() - processor, time.perf_counter() - wall


if __name__ == "__main__":
    typer.run(main)
