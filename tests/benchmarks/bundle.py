"""Measures how fast a bundle of a long run is built, and how much memory it takes.

Run `python -m tests.benchmarks.bundle`; `--quick` for a tenth of it. The run lies in
the embedded server. The builder is a process of its own, whose peak of memory is told;
the speed is that of its input, events and logs. Beside it stands what `tar czf` takes
for the same members: it reads plain files and masks nothing.
"""

import asyncio
import json
import random
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.checkpoints.capture import Checkpoints
from core.clock import Ids, SystemClock
from core.runs.constraints import collections
from core.runs.service import Runs
from core.store.blobs import BLOBS, Blobs
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.benchmarks.programs.long_runs import LongRun
from tests.benchmarks.programs.machine import busy, cpu_seconds
from tests.fakes.built_bundles import bundler_over
from tests.fakes.stage import runs_over

CLOCK = SystemClock()
EVENTS, LOGS = 100_000, 1024 * 1024 * 1024
LOG = 256 * 1024
AIM_SPEED, AIM_MEMORY = 20.0, 200.0
NAME = "bundle"
MB = 1e6


def main(
    folder: Annotated[Path | None, typer.Option(help="Where to work.")] = None,
    rounds: Annotated[int, typer.Option(help="Builds, one after the other.")] = 3,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of it.")] = False,
    build: Annotated[str, typer.Option(hidden=True)] = "",
    run_id: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Measure, and print a table; with `--build` be the process that builds."""
    if build:
        asyncio.run(_build(build, run_id, Path(str(folder))))
        return
    share = 10 if quick else 1
    with tempfile.TemporaryDirectory(dir=folder) as made:
        asyncio.run(_measure(Path(made), EVENTS // share, LOGS // share, rounds))


async def _measure(folder: Path, events: int, logs: int, rounds: int) -> None:
    console = Console(width=100)
    console.print(f"Before: {busy()}.")
    async with EmbeddedServer.running(folder / "data", clock=CLOCK) as server:
        began = time.perf_counter()
        run = await _written(server.url, events, logs)
        console.print(
            f"{run.events} events and {run.written / MB:.0f} MB of logs,"
            f" written in {time.perf_counter() - began:.0f} s."
        )
        table = Table(title="A bundle")
        for head in ("", "s", "MB/s of input", "CPU s", "peak MB", "file MB"):
            table.add_column(head, justify="right")
        told: dict[str, Any] = {}
        for _ in range(rounds):
            told = await _built_apart(folder, server, run.run_id)
            table.add_row("nofx", *_row(told), f"{told['size'] / MB:.1f}")
    for name, command in (("tar czf", "gzip"), ("tar, gzip -1", "gzip -1")):
        table.add_row(name, *_packed(folder, command, told["read"]), "", "")
    console.print(table)
    console.print(f"SHA-256 of the last build: {told['sha256'][:12]}…")
    console.print(f"After: {busy()}. Aims: {AIM_SPEED:g} MB/s, {AIM_MEMORY:g} MB.")


async def _written(url: str, events: int, logs: int) -> LongRun:
    database = connect(url, name=NAME, embedded=True)
    await migrate(database, Schema(version=1, collections=(*collections(), *BLOBS)))
    ids, blobs, runs = Ids(CLOCK), Blobs(database), runs_over(database)
    run = LongRun(
        runs=runs,
        blobs=blobs,
        checkpoints=Checkpoints(blobs=blobs, ids=ids, mask=lambda state: state),
        clock=CLOCK,
        run_id=ids.new("run"),
        rng=random.Random(7),  # noqa: S311 # a run from a number
    )
    await run.begin()
    tries = logs // LOG
    await run.tries(tries, events=events // tries, log_bytes=LOG)
    await runs.close()
    await database.close()
    return run


async def _built_apart(
    folder: Path, server: EmbeddedServer, run_id: str
) -> dict[str, Any]:
    """Let a process of its own build, and return what it says of itself."""
    words = ("--folder", str(folder), "--build", server.url, "--run-id", run_id)
    before = cpu_seconds([server.pid]) or 0.0
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.bundle", *words),
        stdout=subprocess.PIPE,
    )
    said, _ = await child.communicate()
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return {**told, "server": (cpu_seconds([server.pid]) or 0.0) - before}


async def _build(url: str, run_id: str, folder: Path) -> None:
    async with _connected(url) as (database, runs):
        bundler = bundler_over(
            runs, database, folder / "spool", "a webhook's own secret"
        )
        bundler.masker.mask("the rules are loaded before it begins")
        began, used = time.perf_counter(), time.process_time()
        async with bundler.build(run_id) as made:
            told = {
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - used,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "size": made.size,
                "sha256": made.sha256,
                "errors": made.errors,
            }
            bundle = folder / "bundle.tar.gz"
            shutil.copy(made.path, bundle)
        print(json.dumps({**told, "read": _read(bundle)}))  # noqa: T201 # the answer


def _read(bundle: Path) -> int:
    """Return the bytes of the logs and events in a bundle, each once."""
    with tarfile.open(bundle) as tar:
        names = ("logs/merged.ndjson", "events/events.ndjson")
        return sum(tar.getmember(name).size for name in names)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[tuple[Database, Runs]]:
    database = connect(url, name=NAME, embedded=True)
    runs = runs_over(database)
    try:
        yield database, runs
    finally:
        await runs.close()
        await database.close()


def _packed(folder: Path, command: str, read: int) -> tuple[str, str]:
    """Let tar pack what is in the bundle, and return seconds and speed."""
    members = folder / "members"
    if not members.exists():
        with tarfile.open(folder / "bundle.tar.gz") as tar:
            tar.extractall(members, filter="data")
    began = time.perf_counter()
    words = ("tar", f"--use-compress-program={command}", "-cf", str(folder / "tarred"))
    subprocess.run([*words, "-C", str(members), "."], check=True)  # noqa: S603 # our own
    seconds = time.perf_counter() - began
    return f"{seconds:.1f}", f"{read / MB / seconds:.1f}"


def _row(told: dict[str, Any]) -> tuple[str, str, str, str]:
    return (
        f"{told['seconds']:.1f}",
        f"{told['read'] / MB / told['seconds']:.1f}",
        f"{told['cpu']:.1f} + {told['server']:.1f}",
        f"{told['peak'] / MB:.0f}",
    )


if __name__ == "__main__":
    typer.run(main)
