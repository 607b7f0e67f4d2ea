"""`/merges`: two branches become one run again, by a plan that people can settle."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.api.answers.begun import BegunDetail
from bot.api.answers.merges import CommittedDetail, MergeDetail
from bot.api.bodies import Why
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get, post
from bot.api.reading import RunReading
from bot.api.requests import IDS
from bot.operations import Operations
from core.access.tokens import Scope
from core.errors import (
    CheckpointRedactedError,
    GitHubUnavailableError,
    MergeBaseAmbiguousError,
    MergeBaseForeignError,
    MergeCommittedError,
    MergeNotFoundError,
    MergeStaleError,
    NoCheckpointError,
    OverridesError,
    PublisherMissingError,
    RunNotFoundError,
    RunOutdatedError,
    UnknownChoiceError,
    UnknownConflictError,
    UnrelatedRunsError,
    UnresolvedConflictsError,
)
from core.runs.merge_plan import Planned
from core.runs.merging import Merges

PATH = "/merges/{merge_id}"


class MergeBody(Incoming):
    """Which runs are merged, and from which of their common checkpoints."""

    ours: str = Field(pattern=IDS["run_id"].pattern)
    theirs: str = Field(pattern=IDS["run_id"].pattern)
    base: str | None = Field(
        default=None,
        pattern=IDS["checkpoint_id"].pattern,
        description="only where there are several lowest common checkpoints",
    )


class Value(Incoming):
    """A value that neither side has."""

    value: Any


class ResolutionsBody(Incoming):
    """What is chosen, by the ids of conflicts.

    `ours`, `theirs`, `base`, `suggestion`, or `{"value": …}`.
    """

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, str | Value]  # type: ignore[mutable-override] # as pydantic asks for


class CommitBody(Incoming):
    """How the merged run begins."""

    publish: bool = Field(
        default=False, description="whether it speaks on the pull request"
    )
    reason: Why = ""


class MergeEndpoints:
    """Planning, settling and committing merges."""

    def __init__(
        self, reading: RunReading, *, merges: Merges, operations: Operations
    ) -> None:
        self._reading = reading
        self._merges = merges
        self._operations = operations

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            self._planning(),
            get(
                PATH,
                self.show,
                summary="Show a merge: its plan, conflicts and choices",
                query=Nothing,
                answer=MergeDetail,
                refusals=(MergeNotFoundError, CheckpointRedactedError),
            ),
            post(
                f"{PATH}/resolutions",
                self.settle,
                scope=Scope.OPERATE,
                summary="Choose how conflicts are settled",
                body=ResolutionsBody,
                answer=MergeDetail,
                refusals=(
                    MergeNotFoundError,
                    CheckpointRedactedError,
                    UnknownConflictError,
                    UnknownChoiceError,
                    MergeCommittedError,
                ),
                current=self.show,
            ),
            self._committing(),
        )

    def _planning(self) -> Endpoint[Any, Any]:
        return post(
            "/merges",
            self.plan,
            scope=Scope.OPERATE,
            summary="Compare two branches, and plan their merge",
            body=MergeBody,
            answer=MergeDetail,
            refusals=(
                RunNotFoundError,
                NoCheckpointError,
                CheckpointRedactedError,
                UnrelatedRunsError,
                MergeBaseAmbiguousError,
                MergeBaseForeignError,
            ),
            makes=_path,
        )

    def _committing(self) -> Endpoint[Any, Any]:
        return post(
            f"{PATH}/commit",
            self.commit,
            scope=Scope.OPERATE,
            summary="Make the merge a run that goes on from both heads",
            body=CommitBody,
            answer=CommittedDetail,
            refusals=(
                MergeNotFoundError,
                CheckpointRedactedError,
                UnresolvedConflictsError,
                MergeStaleError,
                OverridesError,
                RunOutdatedError,
                PublisherMissingError,
                GitHubUnavailableError,
            ),
            current=self.show,
            makes=_run_path,
        )

    async def plan(self, call: Call[Nothing, MergeBody]) -> BaseModel:
        """Plan a merge."""
        body = call.body
        for run_id in (body.ours, body.theirs):
            await self._reading.named(call, run_id)
        planned = await self._merges.plan(
            body.ours, body.theirs, base=body.base, actor=call.actor
        )
        return MergeDetail.of(planned)

    async def show(self, call: Call[Any, Any]) -> BaseModel:
        """Answer a merge as it stands."""
        return MergeDetail.of(await self._seen(call))

    async def settle(self, call: Call[Nothing, ResolutionsBody]) -> BaseModel:
        """Keep what was chosen."""
        await self._seen(call)
        choices = {
            key: one if isinstance(one, str) else one.model_dump()
            for key, one in (call.body.model_extra or {}).items()
        }
        merge_id = call.path["merge_id"]
        planned = await self._operations.settle(merge_id, choices, actor=call.actor)
        return MergeDetail.of(planned)

    async def commit(self, call: Call[Nothing, CommitBody]) -> BaseModel:
        """Begin the merged run."""
        await self._seen(call)
        planned, begun = await self._operations.commit(
            call.path["merge_id"],
            publish=call.body.publish,
            actor=call.actor,
            reason=call.body.reason,
        )
        shown = BegunDetail.of(begun)
        return CommittedDetail(
            run=shown.run,
            parents=shown.parents,
            reused=shown.reused,
            merge=MergeDetail.of(planned),
        )

    async def _seen(self, call: Call[Any, Any]) -> Planned:
        """Return the merge in the path; one of unseen runs is not there."""
        merge_id = call.path["merge_id"]
        planned = await self._merges.get(merge_id)
        try:
            await self._reading.named(call, planned.merge.ours.run_id)
        except RunNotFoundError:
            raise MergeNotFoundError(merge_id=merge_id) from None
        return planned


def _path(answer: BaseModel) -> str:
    return f"/merges/{answer.id}" if isinstance(answer, MergeDetail) else ""


def _run_path(answer: BaseModel) -> str:
    return f"/runs/{answer.run.id}" if isinstance(answer, BegunDetail) else ""
