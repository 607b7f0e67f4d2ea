"""The systems that `durable_steps` compares: how each is started, told and heard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

from tests.benchmarks.programs.children import Child, child
from tests.benchmarks.programs.machine import cpu_seconds
from tests.benchmarks.programs.peers_venv import NotInstalledError, peers_python
from tests.benchmarks.programs.postgres import Postgres, postgres

T = TypeVar("T")
PROGRAMS = "tests.benchmarks.programs"
NOFX, ASKED = "nofx", "nofx, asked for too"
FLOOR, VALIDATED = "floor: bare inserts", "floor: into a journal"
DBOS, LANGGRAPH = "dbos", "langgraph"
TITLES = {DBOS: "DBOS", LANGGRAPH: "LangGraph"}


@dataclass(slots=True, kw_only=True)
class System:
    """One that is measured: its program, what it is told beside, what it answered.

    One that cannot be had has no program, and `absent` says why. `server` is the
    process id of its database, where that is a program of its own. One that `enqueues`
    is asked for the runs beforehand.
    """

    name: str
    program: Child | None = None
    absent: str = ""
    order: Mapping[str, object] = field(default_factory=dict)
    batches: Mapping[int, Sequence[int]] = field(default_factory=dict)
    server: int | None = None
    enqueues: bool = False
    answers: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    async def measure(self, runs: int, slots: int) -> dict[str, Any]:
        """Have it do so many runs, so many at once."""
        assert self.program is not None
        told = dict(self.order)
        if self.batches:
            told["batches"] = self.batches[slots]
        if self.enqueues:
            await self.program.ask(enqueue=runs)
        roots = [self.program.pid] + ([self.server] if self.server else [])
        before = cpu_seconds(roots)
        answer = await self.program.ask(runs=runs, slots=slots, **told)
        after = cpu_seconds(roots)
        if before is not None and after is not None:
            answer["cpu"] = (after - before) / runs * 1000
        return {**answer, "rate": runs / answer["seconds"]}

    def rate(self, slots: int) -> float | None:
        """Return the median of runs a second, None when it was not measured."""
        answers = self.answers.get(slots)
        return median(one["rate"] for one in answers) if answers else None

    def cpu(self, slots: int) -> float | None:
        """Return the median of computing milliseconds a run, with its database's."""
        answers = [one for one in self.answers.get(slots, []) if "cpu" in one]
        return median(one["cpu"] for one in answers) if answers else None

    def cut(self, slots: int, percent: int) -> float | None:
        """Return the rounds' median of a percentile of a run's milliseconds."""
        answers = [one for one in self.answers.get(slots, []) if "taken" in one]
        cuts = [quantiles(one["taken"], n=100, method="inclusive") for one in answers]
        return median(cut[percent - 1] for cut in cuts) * 1000 if cuts else None


@asynccontextmanager
async def ours(
    folder: Path, server: int, like: str, batches: Mapping[int, Sequence[int]]
) -> AsyncIterator[Sequence[System]]:
    """Start nofx and the floor on the embedded server in `folder`, process `server`.

    The floor inserts the like of a run, in these batches for so many runs at once.
    """
    data = folder / "data"
    async with (
        child(f"{PROGRAMS}.nofx_runs", data, log=folder / "nofx.log") as nofx,
        child(f"{PROGRAMS}.floor_runs", data, like, log=folder / "floor.log") as floor,
    ):
        await nofx.hear()
        await floor.hear()
        yield (
            System(name=NOFX, program=nofx, server=server, enqueues=True),
            System(name=ASKED, program=nofx, order={"asked": True}, server=server),
            *(
                System(
                    name=name,
                    program=floor,
                    order=order,
                    batches=batches,
                    server=server,
                )
                for name, order in (
                    (FLOOR, {"collection": "bare"}),
                    (VALIDATED, {"collection": "journal"}),
                )
            ),
        )


@asynccontextmanager
async def peers(folder: Path) -> AsyncIterator[Sequence[System]]:
    """Start the peers, each with SQLite in `folder` and with PostgreSQL."""
    async with AsyncExitStack() as stack:
        server = await _or_why(stack.enter_async_context(postgres((DBOS, LANGGRAPH))))
        python = await _or_why(asyncio.to_thread(peers_python))
        systems = []
        for peer, title in TITLES.items():
            log = folder / f"{peer}.log"
            file = f"sqlite:///{folder}/{peer}.db"
            started = await _or_why(_started(stack, python, peer, file, log))
            systems.append(_system(f"{title}, SQLite", started, None))
            log = folder / f"{peer}-postgres.log"
            if isinstance(server, Postgres):
                where = server.address(peer)
                started = await _or_why(_started(stack, python, peer, where, log))
                systems.append(_system(f"{title}, PostgreSQL", started, server.pid))
            else:
                systems.append(_system(f"{title}, PostgreSQL", server, None))
        yield systems


async def _or_why(wanted: Awaitable[T]) -> T | NotInstalledError:
    try:
        return await wanted
    except NotInstalledError as error:
        return error


async def _started(
    stack: AsyncExitStack,
    python: Path | NotInstalledError,
    peer: str,
    where: str,
    log: Path,
) -> Child:
    if isinstance(python, NotInstalledError):
        raise python
    module = f"{PROGRAMS}.peers.{peer}_runs"
    program = await stack.enter_async_context(
        child(module, where, log=log, python=python)
    )
    try:
        await program.hear()
    except RuntimeError as error:
        last = str(error).strip().splitlines()[-1:] or ["it ended and said nothing"]
        raise NotInstalledError(last[0]) from None
    return program


def _system(
    name: str, program: Child | NotInstalledError, server: int | None
) -> System:
    if isinstance(program, NotInstalledError):
        return System(name=name, absent=str(program))
    return System(name=name, program=program, server=server)
