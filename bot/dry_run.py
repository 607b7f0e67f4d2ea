"""A dry run: the service's pipeline over a local change, and nothing is posted."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from bot.base import Base, opened
from bot.models.catalog import check_choices
from bot.pipeline.changes import LocalChange
from bot.pipeline.nobodys_desk import NobodysDesk
from bot.pipeline.ports import Described, Shown, Source, Sources
from bot.pipeline.review_pipeline import ReviewPipeline
from bot.pipeline.state import Artifacts, State
from bot.pipeline.verdict import GatePolicy
from bot.settings import Settings
from bot.version import running_program
from core.errors import ReviewFailedError
from core.review.config_reading import ReadConfig
from core.review.hunks import parse_diff
from core.review.report import ReviewReport
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.model import Run, Subject
from core.runs.retries import Retries, Retry
from core.runs.states import Status
from core.runs.worker import Worker

NO_COMMIT = "0" * 40
NEVER = Retries(rest=Retry(attempts=1), by_error={})


async def review(settings: Settings, change: LocalChange) -> ReviewReport:
    """Walk the pipeline over `change` and return its report.

    The run is kept in the database that MONGODB_URL names, otherwise in an embedded
    one that is gone afterwards. Raises DiffSyntaxError and DiffTooLargeError for a diff
    that cannot be read, ReviewFailedError when a step fails.
    """
    # Before anything is started: a bad diff is the caller's to mend.
    await asyncio.to_thread(parse_diff, change.diff)
    async with reviewer(settings) as ask:
        return await ask(change, settings.model)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Reviews one change after the other on one database."""

    base: Base

    def check(self, model: str) -> None:
        """Raise UnknownModelError for a model that there is not."""
        self.base.choices(model).make(model)

    async def __call__(self, change: LocalChange, model: str) -> ReviewReport:
        """Return the report of a change; raises ReviewFailedError."""
        return await _review(self.base, model, change)


@asynccontextmanager
async def reviewer(settings: Settings) -> AsyncIterator[Reviewer]:
    """Yield what reviews changes, as `review` does, with a database until the end."""
    with tempfile.TemporaryDirectory(prefix="nofx-review-") as folder:
        async with opened(settings, Path(folder)) as base:
            yield Reviewer(base)


async def _review(base: Base, model: str, change: LocalChange) -> ReviewReport:
    check_choices(base.models)
    digest = hashlib.sha256(change.diff).hexdigest()[:40]
    # A name of its own: no other worker on the same database has this change at hand.
    name = base.ids.new("local")
    pipeline = ReviewPipeline(
        name=name,
        reading=base.reading(LocalSources(change)),
        choices=base.choices(model),
        desk=NobodysDesk(),
        blobs=base.blobs,
        answers=base.answers(),
        # Nobody is there to waive anything: the report says it all.
        gates=GatePolicy(blocking=False),
    )
    worker = Worker(
        base.runs,
        {name: pipeline},
        name=base.ids.new("worker"),
        pace=Pace(),
        limits=Limits(retries=NEVER),
        program=running_program(),
    )
    subject = Subject(
        repository=change.repository,
        pull=0,
        head_sha=change.head_sha or digest,
        base_sha=change.base_sha,
        pipeline=name,
        reason="dry run",
        requested_by="nofx review",
    )
    requested = await base.runs.request(subject, name, again=True)
    await base.runs.release(requested.run_id)
    run = await worker.work_on(requested.run_id)
    if run is None or run.status is not Status.SUCCEEDED:
        reason = run.outcome if run is not None else "no worker could claim the run"
        raise ReviewFailedError(run_id=requested.run_id, reason=reason)
    state = State.of(await base.runs.state_of(run))
    return await Artifacts(base.blobs).report(state)


@dataclass(frozen=True, slots=True)
class LocalSources(Sources):
    """The one change that lies on this machine."""

    change: LocalChange

    @override
    async def of(self, run: Run) -> Source:
        return _LocalSource(self.change)


@dataclass(frozen=True, slots=True)
class _LocalSource(Source):
    change: LocalChange

    @override
    async def describe(self) -> Described:
        return Described(
            title=self.change.title,
            description=self.change.description,
            author="",
            base_sha=self.change.base_sha or NO_COMMIT,
            head_sha=self.change.head_sha or NO_COMMIT,
            fork=self.change.fork,
        )

    @override
    async def diff(self, described: Described) -> Shown:
        return Shown(data=self.change.diff)

    @override
    async def files(
        self, described: Described, paths: Sequence[str]
    ) -> Mapping[str, bytes | None]:
        return {path: self.change.files.get(path) for path in paths}

    @override
    async def config(self, described: Described) -> ReadConfig:
        return self.change.config
