"""`/runs/{run_id}/findings`: what a run found, what was filtered too, and why."""

from typing import Any

from pydantic import BaseModel, Field, TypeAdapter

from bot.api.answers.run_findings import FindingState, RunFindings, findings_of
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get
from bot.api.reading import RunReading
from bot.pipeline.state import Artifacts, State
from core.errors import (
    BlobNotFoundError,
    CheckpointRedactedError,
    RunNotFoundError,
    StateUnusableError,
)
from core.review.findings import Finding
from core.review.verify import Judged
from core.runs.evolve import fold
from core.runs.service import Runs
from core.store.blobs import Blobs

FINDINGS = TypeAdapter(tuple[Finding, ...])


class FindingQuery(Incoming):
    """What `GET /runs/{run_id}/findings` can be narrowed by."""

    state: FindingState | None = Field(
        default=None, description="only those that are in this state"
    )


class RunFindingEndpoints:
    """Reading what a run found."""

    def __init__(self, reading: RunReading, runs: Runs, blobs: Blobs) -> None:
        self._reading = reading
        self._runs = runs
        self._artifacts = Artifacts(blobs)

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/runs/{run_id}/findings",
                self.list,
                summary="List what a run found, with what became of it and why",
                query=FindingQuery,
                answer=RunFindings,
                refusals=(
                    RunNotFoundError,
                    BlobNotFoundError,
                    CheckpointRedactedError,
                    StateUnusableError,
                ),
            ),
        )

    async def list(self, call: Call[FindingQuery, Nothing]) -> BaseModel:
        """Answer the findings that are wanted, those filtered too."""
        commits = await self._reading.commits(call)
        run = fold(call.path["run_id"], commits)
        state = State.of(await self._runs.state_of(run))
        found = findings_of(
            await self._found(state), run.findings, commits, state.comments
        )
        wanted = call.query.state
        return RunFindings(
            findings=[one for one in found if wanted in (None, one.state)]
        )

    async def _found(self, state: State) -> tuple[Judged | Finding, ...]:
        if state.judged_blob:
            return await self._artifacts.judged(state)
        if state.proposals_blob:
            stored = await self._artifacts.json(state.proposals_blob)
            return FINDINGS.validate_python(stored)
        return ()
