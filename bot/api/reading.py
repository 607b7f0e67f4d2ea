"""Finds runs for callers: what a token may not see is not there."""

from typing import Any

from bot.api.endpoint import Call
from core.access.tokens import Token
from core.errors import RunNotFoundError
from core.events.commit import Commit
from core.runs.evolve import fold
from core.runs.model import Run, stream_of
from core.runs.service import Runs


class RunReading:
    """Reads the run that a path names; every method raises RunNotFoundError."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def commits(self, call: Call[Any, Any]) -> tuple[Commit, ...]:
        """Return the run's history, oldest first."""
        return await self.named(call, call.path["run_id"])

    async def named(self, call: Call[Any, Any], run_id: str) -> tuple[Commit, ...]:
        """Return the history of a run that is named elsewhere than in the path."""
        commits = await self._runs.journal.read(stream_of(run_id))
        self._check(call.token, fold(run_id, commits).subject.repository, run_id)
        return commits

    async def run(self, call: Call[Any, Any]) -> Run:
        """Return the run as its history adds up to."""
        return fold(call.path["run_id"], await self.commits(call))

    async def seen(self, call: Call[Any, Any]) -> str:
        """Return the run's id without reading a history that may be damaged."""
        run_id = call.path["run_id"]
        document = await self._runs.projection.get(run_id)
        if document is None:
            return (await self.run(call)).id
        self._check(call.token, str(document["repository"]), run_id)
        return run_id

    def _check(self, token: Token, repository: str, run_id: str) -> None:
        if not token.sees(repository):
            raise RunNotFoundError(run_id=run_id)
