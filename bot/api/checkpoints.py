"""`/runs/{run_id}/checkpoints`: where a run can be gone on from."""

from typing import Any

from pydantic import BaseModel

from bot.api.answers.checkpoints import (
    CheckpointDetail,
    CheckpointLine,
    CheckpointList,
)
from bot.api.bodies import ReasonGiven
from bot.api.endpoint import Call, Endpoint, Nothing, get, post
from bot.api.reading import RunReading
from core.access.tokens import Scope
from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.errors import (
    BlobNotFoundError,
    CheckpointNotFoundError,
    NoCheckpointError,
    RunEndedError,
    RunNotFoundError,
)
from core.runs.decisions import Decisions
from core.store.blobs import Blobs, Digest

PATH = "/runs/{run_id}/checkpoints"


class CheckpointEndpoints:
    """Reading checkpoints, taking them, and erasing what they should not hold."""

    def __init__(
        self, reading: RunReading, *, blobs: Blobs, decisions: Decisions
    ) -> None:
        self._reading = reading
        self._blobs = blobs
        self._decisions = decisions

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                PATH,
                self.list,
                summary="List a run's checkpoints, oldest first",
                query=Nothing,
                answer=CheckpointList,
                refusals=(RunNotFoundError,),
            ),
            get(
                f"{PATH}/{{checkpoint_id}}",
                self.show,
                summary="Show one checkpoint with its state",
                query=Nothing,
                answer=CheckpointDetail,
                refusals=(
                    RunNotFoundError,
                    CheckpointNotFoundError,
                    BlobNotFoundError,
                ),
            ),
            post(
                PATH,
                self.take,
                scope=Scope.OPERATE,
                summary="Name a run's state of now, to come back to",
                body=ReasonGiven,
                answer=CheckpointLine,
                refusals=(RunNotFoundError, RunEndedError, NoCheckpointError),
            ),
            post(
                f"{PATH}/{{checkpoint_id}}/redact",
                self.redact,
                scope=Scope.SUPERVISE,
                summary="Erase a checkpoint's state for good",
                body=ReasonGiven,
                answer=CheckpointLine,
                refusals=(RunNotFoundError, CheckpointNotFoundError),
            ),
        )

    async def list(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer all checkpoints of a run."""
        return CheckpointList.of(checkpoints_of(await self._reading.commits(call)))

    async def show(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer one checkpoint of a run."""
        wanted = call.path["checkpoint_id"]
        for view in checkpoints_of(await self._reading.commits(call)):
            if view.checkpoint_id == wanted:
                state = await self._state(view)
                return CheckpointDetail.with_state(view, state)
        raise CheckpointNotFoundError(run_id=call.path["run_id"], checkpoint_id=wanted)

    async def take(self, call: Call[Nothing, ReasonGiven]) -> BaseModel:
        """Take a checkpoint of now."""
        run = await self._reading.run(call)
        view = await self._decisions.checkpoint(
            run.id, actor=call.actor, reason=call.body.reason
        )
        return CheckpointLine.model_validate(view)

    async def redact(self, call: Call[Nothing, ReasonGiven]) -> BaseModel:
        """Erase a state."""
        run = await self._reading.run(call)
        view = await self._decisions.redact(
            run.id,
            call.path["checkpoint_id"],
            actor=call.actor,
            reason=call.body.reason,
        )
        return CheckpointLine.model_validate(view)

    async def _state(self, view: CheckpointView) -> dict[str, Any] | None:
        if view.redacted or view.state is not None:
            return view.state
        state: dict[str, Any] = await self._blobs.get_json(Digest(view.digest))
        return state
