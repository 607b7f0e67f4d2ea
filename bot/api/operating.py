"""`POST /runs…`: asking for runs, calling them off, putting them aside, going on."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.api.answers.begun import BegunDetail, RequestedDetail
from bot.api.answers.runs import RunLine, line_of
from bot.api.bodies import Overrides, Reason, Repository, RequestId, Why
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, post
from bot.api.reading import RunReading
from bot.operations import Operations
from bot.reviews import Wish
from core.access.tokens import Scope
from core.clock import Ids
from core.errors import (
    ActiveRunError,
    CheckpointNotFoundError,
    CheckpointRedactedError,
    GitHubUnavailableError,
    IllegalTransitionError,
    NotReviewedError,
    OverridesError,
    PublisherMissingError,
    RepositoryNotFoundError,
    RunEndedError,
    RunNotFoundError,
    RunOutdatedError,
    StepNotReachedError,
)
from core.runs.model import Run
from core.runs.states import Status

MOST_PULLS = 2**31 - 1
GOING_ON = (
    RunNotFoundError,
    CheckpointNotFoundError,
    CheckpointRedactedError,
    RunOutdatedError,
    ActiveRunError,
    PublisherMissingError,
    GitHubUnavailableError,
)


class ReviewBody(Incoming):
    """Which pull request is to be reviewed, and why."""

    repository: Repository
    pull: int = Field(ge=1, le=MOST_PULLS)
    reason: Why = ""
    again: bool = Field(
        default=False, description="even where its head was reviewed already"
    )
    request_id: RequestId = None


class RerunBody(Incoming):
    """From where on a run is run again, and why."""

    model_config = ConfigDict(populate_by_name=True)

    start_at: str | None = Field(
        default=None,
        alias="from",
        pattern=r"^[a-z][a-z0-9_]{0,59}$",
        description="a step's name or a checkpoint's id; left out: from the start",
    )
    reason: Why = ""
    request_id: RequestId = None


class BranchBody(Incoming):
    """How a branch differs from the run that it goes on from, and why."""

    overrides: Overrides = Field(
        default_factory=dict, description="model, fail_on, min_confidence"
    )
    publish: bool = Field(
        default=False, description="whether it speaks on the pull request"
    )
    reason: Why
    request_id: RequestId = None


class OperatingEndpoints:
    """What people do with runs."""

    def __init__(
        self,
        reading: RunReading,
        *,
        operations: Operations,
        ids: Ids,
    ) -> None:
        self._reading = reading
        self._operations = operations
        self._ids = ids

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            self._making_review(),
            self._moving("cancel", self.cancel, "End a run", RunEndedError),
            self._moving("pause", self.pause, "Put a run aside"),
            self._moving("resume", self.resume, "Let workers have a run again"),
            post(
                "/runs/{run_id}/rerun",
                self.rerun,
                scope=Scope.OPERATE,
                summary="Run again, all of it or from a step or checkpoint on",
                body=RerunBody,
                answer=BegunDetail,
                refusals=(*GOING_ON, StepNotReachedError),
                current=self.line,
                makes=_path,
            ),
            post(
                "/runs/{run_id}/checkpoints/{checkpoint_id}/branch",
                self.branch,
                scope=Scope.OPERATE,
                summary="Go on from a checkpoint with other settings",
                body=BranchBody,
                answer=BegunDetail,
                refusals=(*GOING_ON, OverridesError),
                current=self.line,
                makes=_path,
            ),
        )

    def _making_review(self) -> Endpoint[Any, Any]:
        return post(
            "/runs",
            self.request,
            scope=Scope.OPERATE,
            summary="Review a pull request's head of now",
            body=ReviewBody,
            answer=RequestedDetail,
            refusals=(
                RepositoryNotFoundError,
                NotReviewedError,
                PublisherMissingError,
                GitHubUnavailableError,
            ),
            makes=_path,
        )

    def _moving(
        self, name: str, act: Any, summary: str, *more: Any
    ) -> Endpoint[Any, Any]:
        return post(
            f"/runs/{{run_id}}/{name}",
            act,
            scope=Scope.OPERATE,
            summary=summary,
            body=Reason,
            answer=RunLine,
            refusals=(RunNotFoundError, IllegalTransitionError, *more),
            current=self.line,
        )

    async def request(self, call: Call[Nothing, ReviewBody]) -> BaseModel:
        """Ask for a review."""
        body = call.body
        if not call.token.sees(body.repository):
            raise RepositoryNotFoundError(repository=body.repository)
        name = body.request_id or self._ids.new("req")
        wish = Wish(
            repository=body.repository,
            number=body.pull,
            installation_id=None,
            request_id=f"api/{name}",
            reason=body.reason or "request",
            requested_by=call.actor,
            again=body.again,
            drafts=True,
        )
        answer = await self._operations.request(wish)
        if answer.run is None:
            raise NotReviewedError(
                repository=body.repository, pull=body.pull, reason=answer.reason
            )
        return RequestedDetail.of(answer.run, fresh=answer.fresh)

    async def cancel(self, call: Call[Nothing, Reason]) -> BaseModel:
        """End a run."""
        run = await self._reading.run(call)
        if run.terminal and run.status is not Status.CANCELLED:
            raise RunEndedError(run_id=run.id, status=run.status)
        reason = call.body.reason or f"cancelled by {call.actor}"
        return _line(
            await self._operations.cancel(run.id, actor=call.actor, reason=reason)
        )

    async def pause(self, call: Call[Nothing, Reason]) -> BaseModel:
        """Put a run aside."""
        run = await self._reading.run(call)
        reason = call.body.reason
        return _line(
            await self._operations.pause(run.id, actor=call.actor, reason=reason)
        )

    async def resume(self, call: Call[Nothing, Reason]) -> BaseModel:
        """Let workers have a run again."""
        run = await self._reading.run(call)
        reason = call.body.reason
        return _line(
            await self._operations.resume(run.id, actor=call.actor, reason=reason)
        )

    async def rerun(self, call: Call[Nothing, RerunBody]) -> BaseModel:
        """Run a run again."""
        run = await self._reading.run(call)
        begun = await self._operations.rerun(
            run.id,
            start_at=call.body.start_at,
            actor=call.actor,
            reason=call.body.reason,
            name=_name(f"rerun/{run.id}", call.body.request_id),
        )
        return BegunDetail.of(begun)

    async def branch(self, call: Call[Nothing, BranchBody]) -> BaseModel:
        """Go on from a checkpoint with other settings."""
        run = await self._reading.run(call)
        begun = await self._operations.branch(
            run.id,
            call.path["checkpoint_id"],
            overrides=call.body.overrides,
            publish=call.body.publish,
            actor=call.actor,
            reason=call.body.reason,
            name=_name("branch", call.body.request_id),
        )
        return BegunDetail.of(begun)

    async def line(self, call: Call[Any, Any]) -> BaseModel:
        """Tell how the run stands."""
        return _line(await self._reading.run(call))


def _line(run: Run) -> RunLine:
    return RunLine.model_validate(line_of(run))


def _name(call: str, request_id: str | None) -> str | None:
    """Return the name under which a call begins a run once, if it is to have one."""
    return None if request_id is None else f"api/{call}/{request_id}"


def _path(answer: BaseModel) -> str:
    made = answer.run.id if isinstance(answer, BegunDetail | RequestedDetail) else ""
    return f"/runs/{made}"
