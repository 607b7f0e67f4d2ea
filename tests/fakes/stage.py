"""Runs on a real database, a pipeline that does as it is told, a remote that fails."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.checkpoints.capture import Checkpoints
from core.clock import Clock, Ids, SystemClock
from core.errors import (
    GitHubInvalidError,
    GitHubUnavailableError,
    UnclearAnswerError,
)
from core.events.base import JSON
from core.events.journal import Journal
from core.runs.constraints import collections
from core.runs.effects import Write
from core.runs.gates import Check
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.model import Run, Subject
from core.runs.pipeline import Ending, Step, StepContext, StepOutcome
from core.runs.projection import RunProjection
from core.runs.retries import Retries, Retry
from core.runs.service import Runs
from core.runs.turns import Caps
from core.runs.worker import NO_CAPS, Worker
from core.store.blobs import BLOBS, Blobs
from core.store.database import Database
from core.store.migrate import migrate, stored_version
from core.store.schema import Schema

QUICK = Pace(
    slots=2, lease=5.0, heartbeat=0.05, poll=0.05, losses=2, drain=5.0, settling=0.0
)
HASTY = Limits(
    step_seconds=5.0,
    settle_seconds=0.01,
    retries=Retries(rest=Retry(attempts=3, base=0.02, most=0.1), by_error={}),
)
Act = Callable[[StepContext], Awaitable[JSON]]


def runs_over(database: Database, clock: Clock | None = None) -> Runs:
    """Return the runs of one process: its own writer, its own wake-ups."""
    clock = clock or SystemClock()
    ids = Ids(clock)
    blobs = Blobs(database)
    return Runs(
        journal=Journal(database, clock=clock, ids=ids),
        projection=RunProjection(database),
        checkpoints=Checkpoints(blobs=blobs, ids=ids, mask=lambda state: state),
        blobs=blobs,
        clock=clock,
        ids=ids,
    )


def subject(head: str = "a", pull: int = 1) -> Subject:
    """Return a head of a pull request; `head` is repeated to 40 digits."""
    return Subject(repository="octo/hello", pull=pull, head_sha=head * 40)


async def fine(_: StepContext) -> JSON:
    """Do nothing, and do it well."""
    return {}


@dataclass
class ScriptedStep:
    """A step that does the next of its acts, the last of them again and again."""

    name: str
    acts: list[Act] = field(default_factory=lambda: [fine])
    checks: tuple[Check, ...] = ()
    seen: list[JSON] = field(default_factory=list)
    fences: list[int] = field(default_factory=list)

    async def run(self, context: StepContext) -> StepOutcome:
        """Remember what was given, and act."""
        self.seen.append(dict(context.state))
        self.fences.append(context.run.fence)
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        return StepOutcome(
            state=await act(context), summary=f"{self.name} done", checks=self.checks
        )


class ScriptedPipeline:
    """Steps by name; `closed` tells what was said at the ends of runs."""

    name = "review"

    def __init__(self, *names: str) -> None:
        self.by_name = {name: ScriptedStep(name) for name in names}
        self.closed: list[tuple[str, Ending]] = []
        self.closing: Act = fine

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps in the order of their names' giving."""
        return tuple(self.by_name.values())

    def script(self, name: str, *acts: Act) -> ScriptedStep:
        """Say what a step does, first to last time."""
        self.by_name[name].acts = list(acts)
        return self.by_name[name]

    def ran(self) -> list[str]:
        """Return how often each step was begun, as `name*times`."""
        return [f"{name}*{len(step.seen)}" for name, step in self.by_name.items()]

    async def close(self, context: StepContext, ending: Ending) -> None:
        """Remember what was said, and do what is scripted."""
        self.closed.append((context.run.id, ending))
        await self.closing(context)


class Remote:
    """Keeps what is written to it; each write can fail before or after it is kept."""

    def __init__(self, *faults: str) -> None:
        self.faults = list(faults)
        self.kept: list[str] = []
        self.looks = 0

    def write(self, key: str) -> Write:
        """Return the write of `key`, with its way to be found again."""

        async def perform() -> JSON:
            await asyncio.sleep(0)
            return self._perform(key)

        async def find() -> JSON | None:
            await asyncio.sleep(0)
            self.looks += 1
            return {"id": self.kept.index(key)} if key in self.kept else None

        return Write(key=key, kind="note", digest="d", perform=perform, find=find)

    def _perform(self, key: str) -> JSON:
        fault = self.faults.pop(0) if self.faults else "none"
        facts: dict[str, Any] = {"method": "POST", "path": key, "reason": fault}
        if fault == "refused":
            raise GitHubInvalidError(status=422, **facts)
        if fault == "away":
            raise GitHubUnavailableError(**facts)
        if fault == "crash":
            raise ZeroDivisionError
        if fault == "lost before":
            raise UnclearAnswerError(**facts)
        self.kept.append(key)
        if fault == "lost after":
            raise UnclearAnswerError(**facts)
        if fault == "crash after":
            raise ZeroDivisionError
        return {"id": len(self.kept) - 1}


class Stage:
    """One database with a pipeline; workers come and go on it."""

    def __init__(self, database: Database, pipeline: ScriptedPipeline) -> None:
        self.database = database
        self.pipeline = pipeline
        self.runs = runs_over(database)
        self._all_runs = [self.runs]

    async def close(self) -> None:
        """Store what the projections are behind with, so that nothing comes later."""
        for runs in self._all_runs:
            await runs.projector.drain()

    def worker(
        self,
        name: str = "w",
        *,
        pace: Pace = QUICK,
        limits: Limits = HASTY,
        caps: Caps = NO_CAPS,
        own: bool = False,
    ) -> Worker:
        """Return a worker; one of its `own` has another process's journal."""
        runs = self.other_process() if own else self.runs
        pipelines = {self.pipeline.name: self.pipeline}
        return Worker(runs, pipelines, name=name, pace=pace, limits=limits, caps=caps)

    def other_process(self) -> Runs:
        """Return the runs as another process on the same database has them."""
        self._all_runs.append(runs_over(self.database))
        return self._all_runs[-1]

    async def ask(self, head: str = "a", pull: int = 1, **more: Any) -> str:
        """Ask for a review and release it; returns the run's id."""
        wanted = replace(subject(head, pull), **more)
        requested = await self.runs.request(wanted, f"{head}/{pull}", again=True)
        await self.runs.release(requested.run_id)
        return requested.run_id

    async def run(self, run_id: str) -> Run:
        """Return the run as the journal has it."""
        return await self.runs.load(run_id)

    async def shown(self, run_id: str) -> dict[str, Any]:
        """Return the run as the projection has it, once that has caught up."""
        await self.runs.projector.settled(run_id)
        return await self.runs.projection.get(run_id) or {}

    async def until(self, run_id: str, *statuses: str) -> Run:
        """Return the run once it is in one of these states."""
        while True:
            run = await self.run(run_id)
            if run.status in statuses:
                return run
            await asyncio.sleep(0.01)

    async def moves(self, run_id: str) -> list[str]:
        """Return the transitions that the run itself made, oldest first."""
        commits = await self.runs.journal.read(f"run/{run_id}")
        return [
            str(event.stored()["data"]["transition"])
            for commit in commits
            for event in commit.events
            if event.type in {"run.created", "run.state_changed"}
        ]


@asynccontextmanager
async def serving(*workers: Worker) -> AsyncIterator[None]:
    """Let workers serve for a while; they stop, and finish what they hold."""
    tasks = [asyncio.create_task(worker.serve()) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.gather(*tasks)


async def staged(database: Database, names: Sequence[str] = ("one", "two")) -> Stage:
    """Return a stage on a database, which gets what runs need if it has nothing."""
    if not await stored_version(database):
        needed = (*collections(), *BLOBS)
        await migrate(database, Schema(version=1, collections=needed))
    return Stage(database, ScriptedPipeline(*names))
