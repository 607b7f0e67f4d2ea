"""`/runs`: lists of runs, and one run as its history tells it."""

from typing import Any

from pydantic import BaseModel, Field

from bot.api.answers.runs import RunDetail, RunPage
from bot.api.bodies import Moment, Repository
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get
from bot.api.reading import RunReading
from bot.api.requests import IDS
from core.access.tokens import Token
from core.errors import CursorError, RunNotFoundError
from core.runs.account import account
from core.runs.evolve import fold
from core.runs.lister import RunLister
from core.runs.listing import RunFilter
from core.runs.states import Status
from core.store.positions import position_in

MOST_PULLS = 2**31 - 1


class RunQuery(Incoming):
    """What `GET /runs` can be narrowed by."""

    repo: Repository | None = None
    pull: int | None = Field(default=None, ge=0, le=MOST_PULLS)
    status: Status | None = None
    pipeline: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    family: str | None = Field(
        default=None,
        pattern=IDS["run_id"].pattern,
        description="the run that they descend from",
    )
    since: Moment | None = Field(
        default=None, description="created at this time or later"
    )
    until: Moment | None = Field(default=None, description="created before this time")
    cursor: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,200}$",
        description="`next` of the page before",
    )
    limit: int = Field(default=50, ge=1, le=100)

    def filter(self, token: Token) -> RunFilter:
        """Return what is wanted and may be seen."""
        return RunFilter(
            repository=self.repo,
            pull=self.pull,
            status=self.status,
            pipeline=self.pipeline,
            family=self.family,
            since=self.since,
            until=self.until,
            sees=token.sees,
        )


class RunEndpoints:
    """Reading runs."""

    def __init__(self, reading: RunReading, lister: RunLister) -> None:
        self._reading = reading
        self._lister = lister

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/runs",
                self.list,
                summary="List runs, newest first",
                query=RunQuery,
                answer=RunPage,
                refusals=(CursorError,),
            ),
            get(
                "/runs/{run_id}",
                self.show,
                summary="Show one run",
                query=Nothing,
                answer=RunDetail,
                refusals=(RunNotFoundError,),
            ),
        )

    async def list(self, call: Call[RunQuery, Nothing]) -> BaseModel:
        """Answer a page of runs."""
        query = call.query
        after = position_in(query.cursor) if query.cursor else None
        wanted = query.filter(call.token)
        return RunPage.of(
            await self._lister.page(wanted, after=after, limit=query.limit)
        )

    async def show(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer one run, steps and gates included."""
        commits = await self._reading.commits(call)
        return RunDetail.of(fold(call.path["run_id"], commits), account(commits))
