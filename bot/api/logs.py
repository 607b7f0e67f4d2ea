"""`/runs/{run_id}/logs`: what a run's steps have logged."""

from typing import Any

from pydantic import BaseModel, Field

from bot.api.answers.logs import LogLine, RunLogs, at_least
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get
from bot.api.reading import RunReading
from bot.setting_values import LogLevel
from core.errors import BlobNotFoundError, RunNotFoundError
from core.runs.kept_logs import KeptLogs, logged_tries
from core.runs.tries import KeptTry

MOST_ATTEMPTS = 2**31 - 1


class LogQuery(Incoming):
    """What `GET /runs/{run_id}/logs` can be narrowed by."""

    step: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    attempt: int | None = Field(
        default=None, ge=1, le=MOST_ATTEMPTS, description="which try of a step, from 1"
    )
    level: LogLevel | None = Field(
        default=None, description="the least important level that is wanted"
    )

    def wants(self, one: KeptTry) -> bool:
        """Return whether a try's lines are asked for."""
        return self.step in (None, one.step) and self.attempt in (None, one.attempt)


class LogEndpoints:
    """Reading what was logged."""

    def __init__(self, reading: RunReading, logs: KeptLogs) -> None:
        self._reading = reading
        self._logs = logs

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/runs/{run_id}/logs",
                self.show,
                summary="Show what a run's steps have logged, once each try has ended",
                query=LogQuery,
                answer=RunLogs,
                refusals=(RunNotFoundError, BlobNotFoundError),
            ),
        )

    async def show(self, call: Call[LogQuery, Nothing]) -> BaseModel:
        """Answer the lines that are wanted, oldest first."""
        query = call.query
        levels = at_least(query.level, LogLevel) if query.level is not None else None
        found: list[LogLine] = []
        missing = 0
        for one in logged_tries(await self._reading.commits(call)):
            if not query.wants(one):
                continue
            lines, left_out = await self._logs.read(one.digest)
            shown = (LogLine.of(one, line) for line in lines)
            found += [one for one in shown if levels is None or one.level in levels]
            missing += left_out
        return RunLogs(lines=found, left_out=missing)
