"""Measures session memory: encrypted beside plaintext, and beside a peer's sessions.

Run `python -m tests.benchmarks.memory`; `--quick` for a rough look. Each is a program
of its own; all take turns, so that a busy machine slows all alike; medians are printed.
The peer is OpenAI's Agents SDK, its EncryptedSession over its SQLiteSession, installed
into `.venv-peers`.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.store.embedded import EmbeddedServer
from tests.benchmarks.programs.children import Child, child
from tests.benchmarks.programs.machine import busy
from tests.benchmarks.programs.peers_venv import NotInstalledError, peers_python

PROGRAMS = "tests.benchmarks.programs"
ENCRYPTED, PLAIN, MASKED = "nofx, encrypted", "nofx, plaintext", "nofx, masked too"
PEER = "Agents SDK, encrypted"
KINDS = {ENCRYPTED: "encrypted", PLAIN: "plain", MASKED: "masked"}
CAPTION = """\
append: one message of 4 KiB, on the disk when it returns; with 8 at once each has a
session of its own. read 1 000: a session of so many messages, opened and checked.
plaintext: the same documents, chain of MACs included, but not encrypted. masked too:
each message is looked through for secrets first, as the service does. Agents SDK: its
SQLite file, WAL and synchronous=FULL. encrypted:it is how much faster nofx is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is measured; `times` of it last about a second."""

    name: str
    do: str
    slots: int
    times: int

    def order(self, share: float) -> Mapping[str, object]:
        """Return what a program is told."""
        times = max(self.slots, round(self.times * share / self.slots) * self.slots)
        return {"do": self.do, "times": times, "slots": self.slots}


WORKS = (
    Work(name="append", do="append", slots=1, times=400),
    Work(name="append, 8 at once", do="append", slots=8, times=800),
    Work(name="read 1 000", do="read", slots=1, times=8),
)


@dataclass(slots=True)
class Measured:
    """What one program took for one kind of work, round by round."""

    rates: list[float] = field(default_factory=list)
    cuts: list[tuple[float, float]] = field(default_factory=list)

    def add(self, answer: Mapping[str, Any]) -> None:
        """Note one round."""
        taken = answer["taken"]
        self.rates.append(len(taken) / answer["seconds"])
        cut = quantiles(taken, n=100, method="inclusive")
        self.cuts.append((cut[49] * 1000, cut[98] * 1000))

    def percentiles(self) -> tuple[float, float]:
        """Return the medians of p50 and p99, in milliseconds."""
        return median(p50 for p50, _ in self.cuts), median(p99 for _, p99 in self.cuts)


def main(
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 7,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table."""
    asyncio.run(measure(3 if quick else rounds, 0.3 if quick else 1.0))


async def measure(rounds: int, share: float) -> None:
    """Let all take turns, and print what was found."""
    console = Console(width=110)
    console.print(f"Before: {busy()}.")
    found = {(name, work.name): Measured() for name in (*KINDS, PEER) for work in WORKS}
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        async with programs(Path(folder), console) as running:
            for _ in range(rounds):
                for work in WORKS:
                    for name, program in running.items():
                        answer = await program.ask(**work.order(share))
                        found[name, work.name].add(answer)
    console.print(table(found))
    console.print(costs(found))
    console.print(f"After: {busy()}. Medians of {rounds} interleaved rounds.")


@asynccontextmanager
async def programs(folder: Path, console: Console) -> AsyncIterator[dict[str, Child]]:
    """Start all, the peer only if it can be had."""
    running: dict[str, Child] = {}
    async with AsyncExitStack() as stack:
        server = EmbeddedServer.running(folder / "data", clock=SystemClock())
        await stack.enter_async_context(server)
        for name, kind in KINDS.items():
            log, program = folder / f"{kind}.log", f"{PROGRAMS}.memory_sessions"
            started = child(program, folder / "data", kind, log=log)
            running[name] = await stack.enter_async_context(started)
        try:
            python = await asyncio.to_thread(peers_python)
        except NotInstalledError as error:
            console.print(f"{PEER}: not here, {error}")
        else:
            log, program = folder / "peer.log", f"{PROGRAMS}.peers.agents_sessions"
            file = folder / "sessions.sqlite"
            started = child(program, file, log=log, python=python)
            running[PEER] = await stack.enter_async_context(started)
        for one in running.values():
            await one.hear()
        yield running


def table(found: Mapping[tuple[str, str], Measured]) -> Table:
    """Return a row for each kind of work and program."""
    made = Table(title="Session memory", caption=CAPTION, caption_justify="left")
    for head in ("", "", "a second", "p50 ms", "p99 ms", "encrypted:it"):
        made.add_column(head, justify="right")
    for work in WORKS:
        for name in (*KINDS, PEER):
            mine, ours = found[name, work.name], found[ENCRYPTED, work.name]
            if not mine.rates:
                continue
            p50, p99 = mine.percentiles()
            pairs = zip(ours.rates, mine.rates, strict=True)
            ratio = median(one / other for one, other in pairs)
            rate = f"{median(mine.rates):,.1f}"
            cells = rate, f"{p50:.2f}", f"{p99:.1f}", f"{ratio:.2f}"
            made.add_row(work.name if name is ENCRYPTED else "", name, *cells)
        made.add_section()
    return made


def costs(found: Mapping[tuple[str, str], Measured]) -> str:
    """Return what encryption costs, in words: the medians of rounds, and of p50."""
    words = []
    for work in WORKS:
        ours, plain = found[ENCRYPTED, work.name], found[PLAIN, work.name]
        pairs = zip(plain.rates, ours.rates, strict=True)
        slower = median(plain / own for plain, own in pairs) - 1
        p50 = ours.percentiles()[0] / plain.percentiles()[0] - 1
        words.append(f"{work.name}: {slower:+.1%} (p50 {p50:+.1%})")
    return f"Encryption costs, beside plaintext: {'; '.join(words)}."


if __name__ == "__main__":
    typer.run(main)
