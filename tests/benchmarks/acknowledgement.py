"""Measures how fast webhooks are acknowledged, beside a handler that keeps nothing.

Run `python -m tests.benchmarks.acknowledgement`; `--quick` for a rough look. The bot is
the real one, `nofx serve` with its embedded database; the load generator, the simulated
GitHub and the handler it is compared with are programs of their own. What is posted is
of the size that GitHub sends. Runs are interleaved, so that a busy machine slows all
alike; medians are printed.
"""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.webhooks.delivery_schema import COLLECTION
from core.clock import SystemClock
from core.runs.states import Status
from core.store.database import Database, Document, connect
from core.store.embedded import EmbeddedServer
from tests.benchmarks.programs.children import Child, child, free_port, listening
from tests.benchmarks.programs.floors import appended, inserted, probed
from tests.benchmarks.programs.machine import busy

SECRET = "a long enough webhook secret"
PROGRAMS = "tests.benchmarks.programs"
CONCURRENCY = (1, 16, 64)
RATE = 100
PROBES = 10
NOFX, BARE, DATABASE, DISK = "nofx", "bare", "insert", "fsync"
HEADS = (
    *("at once", "nofx/s", "p50 ms", "p99 ms", "bare/s", "p50 ms", "p99 ms"),
    *("nofx:bare", "insert/s", "nofx:it", "fsync/s", "nofx:it"),
)
CAPTION = """\
nofx: verified, stored durably, then answered. bare: an aiohttp handler that checks the
HMAC and keeps nothing. insert: the same documents by insert_many into the same database
and collection, as many in one call as there are connections. fsync: their bytes
appended to a file, as many before each fsync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The programs that run, and where they are."""

    folder: Path
    github: Child
    ports: Mapping[str, int]
    database: Database

    async def load(self, port: int, samples: str, **options: float) -> dict[str, Any]:
        """Post for a while from a program of its own; returns what it measured."""
        words = [
            str(w) for name, value in options.items() for w in (f"--{name}", value)
        ]
        async with child(
            f"{PROGRAMS}.load",
            *("--port", port, "--secret", SECRET, "--samples", self.folder / samples),
            *words,
            log=self.folder / "load.log",
        ) as generator:
            measured = await generator.hear()
        assert set(measured["statuses"]) == {"202"}, measured["statuses"]
        return measured

    async def quiet(self) -> None:
        """Return once the bot has nothing left to do."""
        while await self.left():  # noqa: ASYNC110 - the bot is another process
            await asyncio.sleep(0.1)

    async def left(self) -> int:
        """Return how many deliveries are still to be worked, and runs to be walked.

        A run at a gate waits for people, of whom there are none.
        """
        db, only = self.database.db, {"_id": 1}
        waiting: list[Document] = []
        for status in (Status.QUEUED, Status.RUNNING, Status.RETRY_WAIT):
            asked = {"status": str(status)}
            waiting += await db["runs"].find(asked, only).to_list(None)
        for state in ("received", "processing"):
            waiting += await db[COLLECTION].find({"state": state}, only).to_list(None)
        return len(waiting)


def main(
    rounds: Annotated[int, typer.Option(help="Interleaved runs.")] = 5,
    seconds: Annotated[float, typer.Option(help="How long one run lasts.")] = 1.5,
    paced: Annotated[float, typer.Option(help="Seconds at a fixed rate.")] = 20.0,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print two tables."""
    if quick:
        rounds, seconds, paced = 3, 0.6, 6.0
    asyncio.run(measure(rounds, seconds, paced))


async def measure(rounds: int, seconds: float, paced: float) -> None:
    """Run everything on one stage and print it."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        async with staged(Path(folder)) as stage:
            await warm(stage)
            console.print(await all_that_goes(stage, rounds, seconds))
            console.print(await at_a_pace(stage, paced))
    console.print(f"After: {busy()}. Medians of {rounds} interleaved runs each.")
    console.print("Whatever else the machine does slows these; the ratios less so.")


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Start GitHub, the bare handler and the bot, and connect to its database."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        log = folder / "programs.log"
        github = await enter(child(f"{PROGRAMS}.github", folder, SECRET, log=log))
        app = await github.hear()
        bare = await enter(child(f"{PROGRAMS}.bare", SECRET, log=log))
        ports = {NOFX: free_port(), BARE: (await bare.hear())["port"]}
        variables = {
            "PORT": str(ports[NOFX]),
            "NOFX_DATA_DIR": str(folder / "data"),
            "NOFX_APP_ID": str(app["app_id"]),
            "NOFX_PRIVATE_KEY": app["private_key"],
            "NOFX_WEBHOOK_SECRETS": SECRET,
            "NOFX_GITHUB_URL": app["api_url"],
            "NOFX_WRITE_SPACING_SECONDS": "0",
        }
        await enter(child("bot", "serve", log=folder / "bot.log", variables=variables))
        await listening(ports[NOFX])
        server = EmbeddedServer(folder / "data", clock=SystemClock())
        await server.open()
        database = connect(server.url, embedded=True)
        stack.push_async_callback(database.close)
        yield Stage(folder=folder, github=github, ports=ports, database=database)


async def warm(stage: Stage) -> None:
    """Let the bot review once, so that what is loaded once is loaded."""
    await push(stage, pushes=1, seconds=0.1)
    await stage.load(stage.ports[NOFX], "talk.jsonl", connections=4, seconds=1)
    await stage.quiet()


async def push(stage: Stage, *, pushes: int, seconds: float) -> int:
    """Have users push; returns how many check runs were completed meanwhile."""
    url = f"http://127.0.0.1:{stage.ports[NOFX]}/webhooks/github"
    stage.github.tell(webhook_url=url, pushes=pushes, seconds=seconds)
    return int((await stage.github.hear())["checks"])


async def all_that_goes(stage: Stage, rounds: int, seconds: float) -> Table:
    """Measure as many requests as go, beside the bare handler and the floors."""
    documents = await stage.database.db[COLLECTION].find({}).to_list(24)
    bodies = [bytes(document["body"]) for document in documents]
    title = (
        "Webhooks acknowledged a second: 10 to 22 KB each, none of which asks for work"
    )
    table = Table(title=title, caption=CAPTION, caption_justify="left")
    for head in HEADS:
        table.add_column(head, justify="right")
    for connections in CONCURRENCY:
        found: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            for name, port in stage.ports.items():
                load = await stage.load(
                    port, "talk.jsonl", connections=connections, seconds=seconds
                )
                found[name].append(load["answers"] / load["seconds"])
                found[f"{name} p50"].append(load["p50"])
                found[f"{name} p99"].append(load["p99"])
            found[DATABASE].append(
                await inserted(
                    stage.database.db[COLLECTION], documents, connections, seconds / 2
                )
            )
            path = stage.folder / "appended"
            found[DISK].append(appended(path, bodies, connections, seconds / 4))
        table.add_row(*row(connections, {k: median(v) for k, v in found.items()}))
    return table


def row(connections: int, medians: Mapping[str, float]) -> list[str]:
    """Return the cells of one concurrency."""
    nofx = medians[NOFX]
    cells = [str(connections)]
    for name in (NOFX, BARE):
        cells.append(f"{medians[name]:,.0f}")
        cells += [f"{medians[f'{name} {cut}']:.1f}" for cut in ("p50", "p99")]
    cells.append(f"{nofx / medians[BARE]:.2f}")
    for name in (DATABASE, DISK):
        cells += [f"{medians[name]:,.0f}", f"{nofx / medians[name]:.2f}"]
    return cells


async def at_a_pace(stage: Stage, seconds: float) -> Table:
    """Measure a fixed rate, one delivery in twenty with work, while runs are walked."""
    options = {"connections": 64, "seconds": seconds, "rate": RATE}
    document = await stage.database.db[COLLECTION].find_one({})
    assert document is not None
    nofx, bare, database, reviews = await asyncio.gather(
        stage.load(stage.ports[NOFX], "mixed.jsonl", **options),
        stage.load(stage.ports[BARE], "mixed.jsonl", **options),
        probed(stage.database.db[COLLECTION], document, PROBES, seconds),
        push(stage, pushes=int(seconds), seconds=seconds),
    )
    left = await stage.left()
    title = f"{RATE} webhooks a second for {seconds:.0f} s, worker busy"
    caption = (
        f"One in twenty asks for work, and a user pushes every second: {reviews} "
        f"reviews were done meanwhile, {left} things were left to do. At the same time "
        f"bare: the same requests; insert: one document {PROBES} times a second."
    )
    table = Table(title=title, caption=caption, caption_justify="left")
    for head in ("", "answers/s", "p50 ms", "p99 ms", "most ms"):
        table.add_column(head, justify="right")
    for name, load in ((NOFX, nofx), (BARE, bare), (DATABASE, database)):
        rate = f"{load['answers'] / load['seconds']:.0f}"
        times = [f"{load[cut]:.1f}" for cut in ("p50", "p99", "most")]
        table.add_row(name, rate, *times)
    return table


if __name__ == "__main__":
    typer.run(main)
