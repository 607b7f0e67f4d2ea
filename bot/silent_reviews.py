"""Reviews that workflows ask for: of pull requests at GitHub, and nothing is posted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.github.client import Connection, GitHubApp
from bot.github.pulls import get_pull
from bot.github.values import PullRequest
from bot.github.workflow_tokens import Workflow
from bot.pipeline.review_pipeline import DRY_NAME
from bot.pipeline.state import Artifacts, State
from core.clock import Clock
from core.errors import (
    AppNotInstalledError,
    DryRunEndedError,
    GitHubNotFoundError,
    NotReviewedError,
    TooManyDryRunsError,
    WorkflowForbiddenError,
)
from core.events import schema
from core.review.hunks import Diff
from core.review.report import ReviewReport
from core.runs.lister import RunLister
from core.runs.listing import RunFilter
from core.runs.model import Beginning, Run, Subject
from core.runs.service import Runs
from core.runs.states import Status

REASON = "dry run"
# A push at a time is far below it, and a loop that went wrong is stopped by it.
MOST = 60
WINDOW = timedelta(hours=1)
TICK_SECONDS = 0.25
ASKING = frozenset({"pull_request", "workflow_dispatch"})
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentReview:
    """A dry run as far as it has come; a report, and the diff, once it is over."""

    run: Run
    report: ReviewReport | None = None
    diff: Diff | None = None


class SilentReviews:
    """Has pull requests reviewed for the workflows of their own repositories."""

    def __init__(
        self,
        *,
        runs: Runs,
        lister: RunLister,
        artifacts: Artifacts,
        app: GitHubApp,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._lister = lister
        self._artifacts = artifacts
        self._app = app
        self._clock = clock

    async def review(
        self,
        workflow: Workflow,
        number: int,
        *,
        patience: float,
        gone: Callable[[], bool],
    ) -> SilentReview:
        """Review the head of now, and wait for it as long as `patience` says.

        Asking again from the same attempt of a workflow run gets the same review,
        while the head is the same. `gone` tells that nobody waits any longer.

        Raises WorkflowForbiddenError, AppNotInstalledError, NotReviewedError,
        TooManyDryRunsError, DryRunEndedError, and what GitHub refuses.
        """
        _check_event(workflow, number)
        installation = await self._installed(workflow.repository)
        pull = await self._pull(self._app.installation(installation), workflow, number)
        run = await self._known(workflow, pull)
        if run is None:
            await self._check_rate(workflow.repository)
            run = await self._begun(workflow, pull, installation)
        return await self._awaited(run.id, patience=patience, gone=gone)

    async def _installed(self, repository: str) -> int:
        try:
            return await self._app.installation_of(repository)
        except GitHubNotFoundError:
            raise AppNotInstalledError(repository=repository) from None

    async def _pull(
        self, gh: Connection, workflow: Workflow, number: int
    ) -> PullRequest:
        pull = await get_pull(gh, workflow.repository, number)
        # A name may have gone to another repository since the token was made.
        if str(pull.base_repo_id) != workflow.repository_id:
            raise WorkflowForbiddenError(reason="its repository has another id by now")
        if pull.state != "open":
            raise NotReviewedError(
                repository=workflow.repository,
                pull=number,
                reason="the pull request is closed",
            )
        return pull

    async def _known(self, workflow: Workflow, pull: PullRequest) -> Run | None:
        """Return what this attempt of the workflow run has asked for already."""
        wanted = RunFilter(
            repository=workflow.repository, pull=pull.number, pipeline=DRY_NAME
        )
        page = await self._lister.page(wanted, limit=MOST)
        for one in page.runs:
            if (one.requested_by, one.head_sha) == (workflow.name, pull.head_sha):
                return await self._runs.load(one.id)
        return None

    async def _check_rate(self, repository: str) -> None:
        since = self._clock.now() - WINDOW
        wanted = RunFilter(repository=repository, pipeline=DRY_NAME, since=since)
        page = await self._lister.page(wanted, limit=MOST)
        if len(page.runs) >= MOST:
            free = min(one.created_at for one in page.runs) - since
            seconds = int(free.total_seconds()) + 1
            raise TooManyDryRunsError(
                repository=repository, most=MOST, seconds=max(seconds, 1)
            )

    async def _begun(
        self, workflow: Workflow, pull: PullRequest, installation: int
    ) -> Run:
        run_id = self._runs.new_id()
        subject = Subject(
            repository=workflow.repository,
            pull=pull.number,
            head_sha=pull.head_sha,
            base_sha=pull.base_sha,
            installation_id=installation,
            pipeline=DRY_NAME,
            reason=REASON,
            requested_by=workflow.name,
        )
        silent = schema.BranchCreated(
            origin="dry_run",
            parents=(),
            family=run_id,
            overrides={},
            publish=False,
            actor=workflow.name,
            reason=REASON,
        )
        await self._runs.begin(run_id, subject, Beginning(events=(silent,)))
        log.info(
            "run.asked",
            run_id=run_id,
            repository=workflow.repository,
            pull=pull.number,
            reason=REASON,
            fresh=True,
        )
        return await self._runs.release(run_id)

    async def _awaited(
        self, run_id: str, *, patience: float, gone: Callable[[], bool]
    ) -> SilentReview:
        """Look at the run, which any process may work on, until it has ended."""
        until = self._clock.monotonic() + patience
        while True:
            listed = await self._runs.projection.get(run_id)
            if listed is not None and listed.get("finished_at") is not None:
                break
            if self._clock.monotonic() >= until or gone():
                return SilentReview(run=await self._runs.load(run_id))
            await self._clock.sleep(TICK_SECONDS)
        run = await self._runs.load(run_id)
        if run.status is not Status.SUCCEEDED:
            raise DryRunEndedError(
                run_id=run.id, status=run.status, reason=run.outcome or "no reason"
            )
        state = State.of(await self._runs.state_of(run))
        return SilentReview(
            run=run,
            report=await self._artifacts.report(state),
            diff=await self._artifacts.diff(state),
        )


def _check_event(workflow: Workflow, number: int) -> None:
    """Raise WorkflowForbiddenError unless the workflow's event may ask for it."""
    event = workflow.event_name
    if event not in ASKING:
        raise WorkflowForbiddenError(reason=f"its event is {event or 'not named'}")
    own = f"refs/pull/{number}/merge"
    if event == "pull_request" and workflow.ref != own:
        raise WorkflowForbiddenError(reason=f"it is not one of pull request {number}")
