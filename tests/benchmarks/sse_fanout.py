"""Measures events told to a thousand listeners at once, beside two that only write.

Run `python -m tests.benchmarks.sse_fanout`; `--quick` for a rough look. Each server is
a program of its own, the listeners are another; both stand on this machine and share
it. Rounds are interleaved, so that a busy machine slows all alike; medians are printed.
sse-starlette is installed into `.venv-peers`; where it cannot be had, that is said.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks.programs.children import Child, child
from tests.benchmarks.programs.machine import busy
from tests.benchmarks.programs.peers_venv import NotInstalledError, peers_python

PROGRAMS = "tests.benchmarks.programs"
PATH = "/events/stream"
# As long as what nofx says of the events that are appended here.
DATA = '{"specversion":"1.0","text":"' + "x" * 430 + '"}'
CAPTION = """\
All told the same events at the same rate. delivered/s: from the first event's being
said to its last arrival anywhere. p50, p99: from the commit's being durable, elsewhere
from just before the writing, to the arrival. CPU: of the serving process, a second;
nofx's has the appender and the feeder in it, its database is a program of its own. KB a
client: what the process grew by. bare: an aiohttp handler's write() of each frame to
each connection. sse-starlette: under uvicorn, a queue a client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many listen, and what they are told."""

    clients: int
    rate: float
    events: int


WARM = Load(clients=20, rate=100, events=100)
ALONE = Load(clients=1, rate=8, events=60)


@dataclass
class System:
    """A server to be measured, and what was measured of it."""

    name: str
    program: str
    arguments: tuple[str, ...] = (DATA,)
    python: Path = Path(sys.executable)
    absent: str = ""
    measured: list[Mapping[str, float]] = field(default_factory=list)

    def middle(self, name: str) -> float:
        """Return the median of a number over the rounds."""
        return median(one[name] for one in self.measured)


def main(
    clients: Annotated[int, typer.Option(help="Who listens at once.")] = 1000,
    rate: Annotated[float, typer.Option(help="Events a second.")] = 100,
    seconds: Annotated[float, typer.Option(help="How long one round lasts.")] = 10,
    rounds: Annotated[int, typer.Option(help="Interleaved rounds.")] = 3,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table and the latency of one listener."""
    if quick:
        clients, seconds, rounds = 300, 3, 1
    load = Load(clients=clients, rate=rate, events=round(rate * seconds))
    asyncio.run(measure(load, rounds))


async def measure(load: Load, rounds: int) -> None:
    """Measure every server in turn, and print what was found."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    systems = everyone()
    for _ in range(rounds):
        for one in systems:
            if not one.absent:
                one.measured.append(await told(one, load))
    alone = await told(System("nofx", "sse_nofx", ()), ALONE)
    console.print(compared(systems, load))
    console.print(
        f"One listener, {ALONE.rate} events a second, nothing else to do: from the"
        f" commit to its arrival p50 {alone['p50']:.0f} ms, p99 {alone['p99']:.0f}."
    )
    console.print(f"After: {busy()}. Medians of {rounds} interleaved rounds.")
    console.print("Whatever else the machine does slows these; the ratios less so.")


def everyone() -> Sequence[System]:
    """Return the servers, with the reason where one cannot be had."""
    ours = System("nofx", "sse_nofx", ())
    bare = System("bare aiohttp", "sse_bare")
    try:
        peer = System("sse-starlette", "peers.starlette_stream", python=peers_python())
    except NotInstalledError as error:
        peer = System("sse-starlette", "", absent=str(error))
    return ours, bare, peer


async def told(system: System, load: Load) -> Mapping[str, float]:
    """Let a server, begun anew, tell its events to so many listeners."""
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as name:
        async with served(system, Path(name)) as (server, crowd):
            where = await server.hear()
            secret = where.get("secret")
            headers = {"Authorization": f"Bearer {secret}"} if secret else {}
            place = {"port": where["port"], "path": PATH, "headers": headers}
            _, warm = await heard(server, crowd, WARM, place)
            arrived, said = await heard(server, crowd, load, place)
            return numbers(arrived, said, warm["memory"], load)


async def heard(
    server: Child, crowd: Child, load: Load, place: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let so many listen; returns what they and the server took down."""
    await crowd.ask(connect=load.clients, **place)
    said = await server.ask(events=load.events, rate=load.rate)
    sent: dict[str, float] = said["sent"]
    return await crowd.ask(until=max(map(int, sent)), sent=sent), said


def numbers(
    arrived: dict[str, Any], said: dict[str, Any], before: int, load: Load
) -> Mapping[str, float]:
    """Return what is told in the table; events that never came are an error."""
    if arrived["missing"]:
        raise RuntimeError(f"{arrived['missing']} events never arrived")
    return {
        "rate": arrived["delivered"] / arrived["seconds"],
        "p50": arrived["p50"],
        "p99": arrived["p99"],
        "cpu": said["cpu"] / arrived["seconds"],
        "memory": (said["memory"] - before) / load.clients / 1024,
    }


@asynccontextmanager
async def served(system: System, folder: Path) -> AsyncIterator[tuple[Child, Child]]:
    """Run the server and the listeners."""
    arguments = system.arguments or (str(folder / "data"),)
    server = child(
        f"{PROGRAMS}.{system.program}",
        *arguments,
        log=folder / "server.log",
        python=system.python,
    )
    crowd = child(f"{PROGRAMS}.listeners", log=folder / "listeners.log")
    async with server as serving, crowd as listening:
        yield serving, listening


def compared(systems: Sequence[System], load: Load) -> Table:
    """Return the table of all servers, nofx's share of each beside it."""
    title = f"{load.clients} listeners, {load.rate:g} events a second"
    table = Table(title=title, caption=CAPTION, caption_justify="left")
    for head in (
        "",
        "delivered/s",
        "nofx:it",
        "p50 ms",
        "p99 ms",
        "CPU",
        "KB a client",
    ):
        table.add_column(head, justify="right" if head else "left")
    ours = systems[0].middle("rate")
    for one in systems:
        if one.absent:
            table.add_row(f"{one.name}: not here, {one.absent}")
            continue
        table.add_row(
            one.name,
            f"{one.middle('rate'):.0f}",
            f"{ours / one.middle('rate'):.2f}",
            f"{one.middle('p50'):.0f}",
            f"{one.middle('p99'):.0f}",
            f"{one.middle('cpu'):.2f}",
            f"{one.middle('memory'):.0f}",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
