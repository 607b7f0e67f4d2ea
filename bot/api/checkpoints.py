"""`/runs/{run_id}/checkpoints`: where a run can be gone on from."""

from typing import Any

from pydantic import BaseModel

from bot.api.answers.checkpoints import CheckpointDetail, CheckpointList
from bot.api.endpoint import Call, Endpoint, Nothing, get
from bot.api.reading import RunReading
from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.errors import BlobNotFoundError, CheckpointNotFoundError, RunNotFoundError
from core.store.blobs import Blobs, Digest

PATH = "/runs/{run_id}/checkpoints"


class CheckpointEndpoints:
    """Reading checkpoints."""

    def __init__(self, reading: RunReading, blobs: Blobs) -> None:
        self._reading = reading
        self._blobs = blobs

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

    async def _state(self, view: CheckpointView) -> dict[str, Any] | None:
        if view.redacted or view.state is not None:
            return view.state
        state: dict[str, Any] = await self._blobs.get_json(Digest(view.digest))
        return state
