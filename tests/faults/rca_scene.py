"""One bot for many faults: it takes webhooks in, and tests work its runs by hand."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from bot.base import Base, assembled
from bot.github.client import GitHubApp
from bot.github.limits import Policy as GitHubPolicy
from bot.pipeline.github_desk import GitHubDesk
from bot.pipeline.github_source import GitHubSources
from bot.pipeline.overrides import Choices
from bot.pipeline.review_pipeline import STEPS, ReviewPipeline
from bot.pipeline.verdict import GatePolicy
from bot.simulator.faults import Fault, Kind
from core.errors import UnknownModelError
from core.rca.analysis import analyse
from core.rca.cause import Analysis
from core.rca.reading import budget_of
from core.rca.story import Story
from core.review.reviewer import ReviewModel
from core.review.verify import Policy
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.model import Run
from core.runs.retries import Retries, Retry
from core.runs.worker import Worker
from core.store.embedded import EmbeddedServer
from tests.fakes.road import REPO, Road, built_road, driving
from tests.fakes.scripted_model import NAME as SCRIPTED
from tests.fakes.scripted_model import Says, ScriptedModel
from tests.fakes.stage import QUICK
from tests.fakes.story_readers import reader_on

# A client that gives up soon, so that an outage reaches the run.
HASTY = GitHubPolicy(
    attempts=2,
    backoff_seconds=0.01,
    patience_seconds=0.5,
    timeout_seconds=5,
    write_spacing_seconds=0,
)
# One more try is enough to show that there was another.
TWICE = Retries(rest=Retry(attempts=2, base=0.01, most=0.01), by_error={})
LIMITS = Limits(settle_seconds=0.01, retries=TWICE)
NUMBERS = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A pull request, and the run that waits for a worker to review it."""

    number: int
    branch: str
    run_id: str


@dataclass
class Scene:
    """A road with a bot that has no slots; whoever works a run says with what."""

    road: Road
    folder: Path
    session: aiohttp.ClientSession
    limits: Limits = LIMITS
    pace: Pace = QUICK
    bases: list[Base] = field(default_factory=list)
    server: EmbeddedServer | None = None

    @property
    def base(self) -> Base:
        """Return the services of the bot's own process."""
        assert self.road.bot is not None
        return self.road.bot.base

    def app(self) -> GitHubApp:
        """Return a client that GitHub has not asked for silence yet."""
        settings = self.road.settings
        assert settings.app_id is not None
        assert settings.private_key is not None
        return GitHubApp(
            app_id=settings.app_id,
            private_key=settings.private_key.get_secret_value(),
            api_url=settings.github_url,
            session=self.session,
            clock=self.base.clock,
            policy=HASTY,
        )

    def other_process(self) -> Base:
        """Return services as another process on the same database has them."""
        base = assembled(self.base.database, self.road.settings, self.base.clock)
        self.bases.append(base)
        return base

    async def asked(
        self,
        files: Mapping[str, str] | None = None,
        *,
        branch: str | None = None,
        **options: Any,
    ) -> Asked:
        """Open a pull request, harmless unless `files` are given, and wait for its run.

        No two of them have the same content, for what was answered is not asked again.
        """
        branch = branch or f"change-{next(NUMBERS)}"
        clean = {"app.py": f'NAME = "{branch}"\n'}
        self.road.repository.commit(files or clean, branch=branch)
        number = await self.road.github.open_pull(
            REPO, base="main", head=branch, **options
        )
        run_id = await self.newest(number)
        return Asked(number=number, branch=branch, run_id=run_id)

    async def newest(self, number: int, *, but: str = "") -> str:
        """Wait until a pull request has a run that can be claimed, and return it."""
        async with asyncio.timeout(30):
            while True:
                found = await self.base.runs.projection.of_pull(REPO, number)
                ids = [one["_id"] for one in found if one["status"] == "queued"]
                if ids and ids[-1] != but:
                    return str(ids[-1])
                await asyncio.sleep(0.02)

    async def push(self, asked: Asked, files: Mapping[str, str]) -> None:
        """Commit onto a pull request's branch and push it."""
        sha = self.road.repository.commit(files, branch=asked.branch)
        await self.road.github.push(REPO, asked.number, sha)

    def fault(
        self, kind: Kind, path: str, *, method: str | None = None, **more: Any
    ) -> Fault:
        """Let requests go wrong until the next scene."""
        times = {"times": 100, **more}
        return self.road.github.faults.add(kind=kind, method=method, path=path, **times)

    def worker(
        self,
        *,
        says: Says | None = None,
        choices: Choices | None = None,
        approval: bool = False,
        base: Base | None = None,
        pace: Pace | None = None,
        limits: Limits | None = None,
    ) -> Worker:
        """Return a worker with its own settings; `says` is the part of its model."""
        base, app = base or self.base, self.app()
        if says is not None:
            choices = scripted(says)
        pipeline = ReviewPipeline(
            reading=base.reading(GitHubSources(app)),
            choices=choices or base.choices("rules"),
            desk=GitHubDesk(app=app, clock=base.clock, steps=STEPS),
            blobs=base.blobs,
            answers=base.answers(),
            gates=GatePolicy(approval=approval),
        )
        return Worker(
            base.runs,
            {pipeline.name: pipeline},
            name=base.ids.new("worker"),
            pace=pace or self.pace,
            limits=limits or self.limits,
        )

    async def work(self, run_id: str, *, times: int = 1, **with_: Any) -> Run:
        """Let a worker have the run so many times, whenever it is due."""
        worker = self.worker(**with_)
        run: Run | None = None
        async with asyncio.timeout(60):
            while times:
                run = await worker.work_on(run_id)
                times -= run is not None
                await asyncio.sleep(0.01)
        assert run is not None
        return await self.base.runs.load(run_id)

    async def until(self, run_id: str, *statuses: str) -> Run:
        """Wait until the run is in one of these states."""
        async with asyncio.timeout(60):
            while True:
                run = await self.base.runs.load(run_id)
                if run.status in statuses:
                    return run
                await asyncio.sleep(0.02)

    async def story(self, run_id: str, limits: Limits | None = None) -> Story:
        """Read a run's story."""
        await self.base.runs.projector.drain()
        budget = budget_of(limits or self.limits, self.pace)
        reader = reader_on(self.base.database, self.base.runs, budget=budget)
        return await reader.read(run_id)

    async def analysis(self, run_id: str, limits: Limits | None = None) -> Analysis:
        """Return what a run's story amounts to."""
        return analyse(await self.story(run_id, limits))


def scripted(says: Says) -> Choices:
    """Return choices with one scripted model."""
    model = ScriptedModel(says)

    def make(name: str) -> ReviewModel:
        if name != SCRIPTED:
            raise UnknownModelError(name=repr(name), known=SCRIPTED)
        return model

    return Choices(make=make, model=SCRIPTED, policy=Policy())


def within(**bounds: Any) -> Limits:
    """Return the limits of the scene, some of them smaller."""
    return replace(LIMITS, **bounds)


@asynccontextmanager
async def set_scene(folder: Path, mongodb_url: str, name: str) -> AsyncIterator[Scene]:
    """Start a bot that works nothing by itself."""
    async with (
        built_road(folder, mongodb_url, name) as road,
        driving(road, workers=0),
        aiohttp.ClientSession() as session,
    ):
        scene = Scene(road=road, folder=folder, session=session)
        yield scene
        for base in scene.bases:
            await base.runs.close()
