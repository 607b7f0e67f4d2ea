"""Measures how many runs a second are walked, beside merely storing what they store.

Run `python -m tests.benchmarks.runs`; `--quick` for a rough look. The journal, the
worker, the feeder and the embedded database are the real ones, as the bot wires them;
the pipeline has six steps that do nothing. Each run leaves its commits in the journal
and its document in `runs`. The floor inserts the same commits into a journal of the
same schema, in groups as large as there are runs at once. Runs are interleaved, so that
a busy machine slows all alike; medians are printed.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from bot.base import Base, opened
from bot.demo.quiet import logging_to_file
from bot.schema import SCHEMA
from bot.settings import Settings, load_settings
from core.events.base import JSON
from core.events.feeder import Feeder
from core.runs.holder import Pace
from core.runs.model import Subject, stream_of
from core.runs.pipeline import Ending, Pipeline, Step, StepContext, StepOutcome
from core.runs.walk import Limits
from core.runs.worker import Worker
from core.store.database import Database, Document
from core.store.migrate import migrate
from tests.benchmarks.programs.machine import busy

CONCURRENCY = (1, 8)
STEPS = ("snapshot", "analyze", "review", "verify", "publish", "verdict")
PULLS = count(1)
HEADS = (
    *("at once", "runs/s", "p50 ms", "p99 ms", "commits a run", "events a run"),
    *("insert/s", "runs/insert"),
)
CAPTION = """\
runs: claimed, walked and ended by one worker, from the queue on. insert: their commits
by insert_many into a journal of the same schema, one for each run at once in one call;
no projection, no checkpoints, nothing read."""


@dataclass(frozen=True, slots=True)
class Nothing(Step):
    """A step that leaves one small entry in the state."""

    label: str

    @property
    @override
    def name(self) -> str:
        return self.label

    @override
    async def run(self, context: StepContext) -> StepOutcome:
        return StepOutcome(state={self.label: "x" * 100}, summary="Did nothing.")


class Idle(Pipeline):
    """Six steps after each other, none of which does anything."""

    @property
    @override
    def name(self) -> str:
        return "idle"

    @property
    @override
    def steps(self) -> tuple[Step, ...]:
        return tuple(Nothing(name) for name in STEPS)

    @override
    async def close(self, context: StepContext, ending: Ending) -> None:
        raise AssertionError(ending)

    @override
    def check_overrides(self, overrides: JSON, reused: Collection[str]) -> None:
        raise AssertionError(overrides)


def main(
    runs: Annotated[int, typer.Option(help="Runs to walk in one measurement.")] = 60,
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 5,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table."""
    if quick:
        runs, rounds = 30, 3
    asyncio.run(measure(runs, rounds))


async def measure(runs: int, rounds: int) -> None:
    """Walk runs and store the like of them, in turn, and print the medians."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    title = "Runs walked a second: six steps that do nothing, every commit durable"
    table = Table(title=title, caption=CAPTION, caption_justify="left")
    for head in HEADS:
        table.add_column(head, justify="right")
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        settings = load_settings(None, data_dir=Path(folder) / "data", mongodb_url=None)
        # A service logs, and that costs: here into a file.
        with logging_to_file(settings):
            async with stage(settings) as (base, floor):
                await compared(base, floor, 4, 2)
                for slots in CONCURRENCY:
                    results = [
                        await compared(base, floor, runs, slots) for _ in range(rounds)
                    ]
                    table.add_row(str(slots), *cells(results))
    console.print(table)
    console.print(f"After: {busy()}. Medians of {rounds} interleaved runs each.")
    console.print("Whatever else the machine does slows these; the ratios less so.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Runs a second, what each run took in seconds and left, and the floor."""

    rate: float
    taken: Sequence[float]
    commits: float
    events: float
    floor: float


def cells(results: Sequence[Result]) -> list[str]:
    """Return the cells of one concurrency."""
    rate = median(result.rate for result in results)
    floor = median(result.floor for result in results)
    cuts = [quantiles(result.taken, n=100, method="inclusive") for result in results]
    return [
        f"{rate:.1f}",
        f"{median(cut[49] for cut in cuts) * 1000:.0f}",
        f"{median(cut[98] for cut in cuts) * 1000:.0f}",
        f"{results[0].commits:.0f}",
        f"{results[0].events:.0f}",
        f"{floor:.1f}",
        f"{rate / floor:.2f}",
    ]


@asynccontextmanager
async def stage(settings: Settings) -> AsyncIterator[tuple[Base, Database]]:
    """Open what runs stand on, a feeder beside it, and a database for the floor."""
    async with opened(settings) as base:
        await asyncio.to_thread(base.finder.warm)
        client = base.database.client
        floor = Database(client, client.get_database("floor"))
        await migrate(floor, SCHEMA)
        feeder = Feeder(
            base.database,
            holder=base.ids.new("feeder"),
            clock=base.clock,
            bus=base.bus,
        )
        feeding = asyncio.create_task(feeder.run())
        yield base, floor
        feeder.stop()
        await feeding


async def compared(base: Base, floor: Database, runs: int, slots: int) -> Result:
    """Walk so many runs, so many at once, then insert the like of their commits."""
    ids = await asyncio.gather(*(enqueued(base) for _ in range(runs)))
    begin = time.perf_counter()
    taken = await walked(base, runs, slots)
    seconds = time.perf_counter() - begin
    left: list[Document] = []
    for run_id in ids:
        left += await base.runs.journal.documents(stream_of(run_id))
    inserting = await inserted(floor, left, slots)
    return Result(
        rate=runs / seconds,
        taken=taken,
        commits=len(left) / runs,
        events=sum(len(commit["events"]) for commit in left) / runs,
        floor=runs / inserting,
    )


async def walked(base: Base, runs: int, slots: int) -> list[float]:
    """Let one worker walk what is due; returns what each run took in seconds."""
    idle = Idle()
    worker = Worker(
        base.runs,
        {idle.name: idle},
        name=base.ids.new("worker"),
        pace=Pace(slots=slots),
        limits=Limits(),
    )
    taken: list[float] = []

    async def slot() -> None:
        begin = time.perf_counter()
        while (run := await worker.work_one()) is not None:
            assert run.status == "succeeded", run.outcome
            begin, before = time.perf_counter(), begin
            taken.append(begin - before)

    async with asyncio.TaskGroup() as group:
        for _ in range(slots):
            group.create_task(slot())
    assert len(taken) == runs
    return taken


async def enqueued(base: Base) -> str:
    """Ask for a run on a pull request of its own, and make it claimable."""
    number = next(PULLS)
    subject = Subject(
        repository="octo/hello",
        pull=number,
        head_sha=f"{number:040x}",
        pipeline="idle",
    )
    requested = await base.runs.request(subject, f"request-{number}")
    await base.runs.release(requested.run_id)
    return requested.run_id


async def inserted(floor: Database, commits: Sequence[Document], group: int) -> float:
    """Insert commits in groups, each group awaited; returns the seconds it took."""
    begin = time.perf_counter()
    for start in range(0, len(commits), group):
        batch = [dict(commit) for commit in commits[start : start + group]]
        await floor.db["journal"].insert_many(batch, ordered=True)
    return time.perf_counter() - begin


if __name__ == "__main__":
    typer.run(main)
