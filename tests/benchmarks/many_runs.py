"""Measures whether what is done to one run stays as fast when there are many.

Run `python -m tests.benchmarks.many_runs`; `--quick` for a rough look. Two embedded
servers hold few runs and many, all ended and whole. What is measured is done in turn
here and there, so that a busy machine slows both alike; medians are printed.
"""

import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import typer
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from bot.api import site
from bot.api.problems import speaking_http
from bot.base import Base, opened
from bot.logs import configure_logs
from bot.operations import operations_on
from bot.settings import load_settings
from core.access.tokens import Scope
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.pipeline import Step, StepContext, StepOutcome
from core.runs.worker import Worker
from tests.benchmarks.journal import kilobyte
from tests.benchmarks.programs.crowd import crowded
from tests.benchmarks.programs.idle import Idle
from tests.benchmarks.programs.machine import busy
from tests.benchmarks.programs.nofx_runs import asked_for

Client = TestClient[web.Request, web.Application]
FEW, PAGE = 100, 50
# Runs that have waited for days would be past their deadline.
RUSH = timedelta(milliseconds=1)
DEEP = "claim, as many waiting"
CAPTION = """
p95 in milliseconds, one after the other. claim: from looking for work until the first
step of a run begins, with so few waiting as are claimed; then with as many waiting as
have ended. append: one commit of 1 KB. read: a run of ten steps, folded from its
stream. first page: GET /runs over HTTP."""


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


class Crowd:
    """A database with so many runs, and the milliseconds of what was done there."""

    def __init__(self, base: Base, client: Client, runs: Sequence[str]) -> None:
        self.base = base
        self._client = client
        self.runs = runs
        self.found: dict[str, list[list[float]]] = defaultdict(list)
        self._chance = random.Random(1)  # noqa: S311 # the same places in both
        self._noting = Noting()
        self._worker = worker_of(base, self._noting)

    def p95(self, name: str) -> float:
        """Return the rounds' median of the 95th percentile."""
        cuts = (quantiles(some, n=20, method="inclusive") for some in self.found[name])
        return median(cut[-1] for cut in cuts)

    async def claim(self) -> float:
        """Look for work; returns when the first step of a run began."""
        assert await self._worker.work_one() is not None
        return self._noting.times.pop()

    async def append(self) -> float:
        """Append a commit of 1 KB; returns when it was durable."""
        draft = kilobyte(f"bench/{self.base.ids.new('run')}")
        await self.base.runs.journal.append(draft)
        return time.perf_counter()

    async def read(self) -> float:
        """Read any run; returns when it was folded."""
        await self.base.runs.load(self._chance.choice(self.runs))
        return time.perf_counter()

    async def list(self) -> float:
        """Ask for the first page of runs over HTTP; returns when it was read."""
        async with self._client.get("/runs") as response:
            assert len((await response.json())["runs"]) == PAGE, response.status
        return time.perf_counter()


def main(
    many: Annotated[int, typer.Option(help="Runs in the larger database.")] = 10_000,
    rounds: Annotated[int, typer.Option(help="Measurements.")] = 5,
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
            crowds = [
                await filled(stack, Path(folder) / str(size), size)
                for size in (FEW, many)
            ]
            for _ in range(rounds):
                await in_turn(crowds, "first page", Crowd.list, times)
            for _ in range(rounds):
                for crowd in crowds:
                    await asyncio.gather(*(asked_for(crowd.base) for _ in range(times)))
                await in_turn(crowds, "claim", Crowd.claim, times)
                await in_turn(crowds, "append", Crowd.append, times)
                await in_turn(crowds, "read", Crowd.read, times)
            for crowd in crowds:
                like, waiting = await asked_for(crowd.base), len(crowd.runs)
                await crowded(crowd.base, like, waiting, apart=RUSH)
            for _ in range(rounds):
                await in_turn(crowds, DEEP, Crowd.claim, times // 4)
    console.print(compared(*crowds), CAPTION)
    console.print(f"After: {busy()}. Medians of {rounds} rounds.")


async def filled(stack: AsyncExitStack, data_dir: Path, runs: int) -> Crowd:
    """Open a database of its own and fill it with ended runs."""
    settings = load_settings(None, data_dir=data_dir, mongodb_url=None)
    log = stack.enter_context((data_dir.parent / "log").open("a"))
    configure_logs(settings, log)
    base = await stack.enter_async_context(opened(settings))
    await asyncio.to_thread(base.finder.warm)
    sample = await asked_for(base)
    assert await worker_of(base, Idle()).work_one() is not None
    ids = await crowded(base, sample, runs)
    return Crowd(base, await stack.enter_async_context(answering(base)), ids)


@asynccontextmanager
async def answering(base: Base) -> AsyncIterator[Client]:
    """Serve the API, and yield a client that may read everything."""
    app = web.Application(middlewares=[speaking_http])
    operations = operations_on(base, None, model="rules")
    site.add_routes(app, base, operations)
    issued = await base.tokens.create([Scope.READ])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    async with TestClient(TestServer(app), headers=headers) as client:
        yield client


async def in_turn(
    crowds: Sequence[Crowd],
    name: str,
    call: Callable[[Crowd], Awaitable[float]],
    times: int,
) -> None:
    """Do one thing so many times, here and there in turn, and note how long it took."""
    for crowd in crowds:
        crowd.found[name].append([])
    for _ in range(times):
        for crowd in crowds:
            begin = time.perf_counter()
            end = await call(crowd)
            crowd.found[name][-1].append((end - begin) * 1000)


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
