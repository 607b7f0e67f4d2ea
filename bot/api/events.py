"""`/events`: what happened, page by page, narrowed by what and about whom it is."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from bot.api.answers.events import EventList
from bot.api.endpoint import Call, Endpoint, Nothing, get
from bot.api.event_query import EventQuery, Position, StoryQuery
from bot.api.problems import FieldProblem
from bot.api.reading import RunReading
from core.errors import CursorTrimmedError, RunNotFoundError
from core.feed.query import EventFilter
from core.feed.replay import EventPage, Replay


class Paging(StoryQuery):
    """Where a page of a run's events begins, and how long it is."""

    after: Position = Field(default=None, description="only what stands after it")
    before: Position = Field(default=None, description="only what stands before it")
    order: Literal["asc", "desc"] = Field(
        default="asc", description="asc: oldest first; desc: newest first"
    )
    limit: int = Field(default=100, ge=1, le=500)


class EventPaging(EventQuery, Paging):
    """Where a page of all events begins, and what they are narrowed by."""


class EventEndpoints:
    """Reading the feed."""

    def __init__(self, reading: RunReading, replay: Replay) -> None:
        self._reading = reading
        self._replay = replay

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/events",
                self.list,
                summary="List what happened, in the one order of all events",
                query=EventPaging,
                answer=EventList,
                refusals=(CursorTrimmedError,),
            ),
            get(
                "/runs/{run_id}/events",
                self.story,
                summary="List what happened to a run",
                query=Paging,
                answer=EventList,
                refusals=(RunNotFoundError, CursorTrimmedError),
            ),
        )

    async def list(self, call: Call[EventPaging, Nothing]) -> BaseModel:
        """Answer a page of all events that the token may see."""
        return EventList.of(await self._page(call.query, call.query.wanted(call.token)))

    async def story(self, call: Call[Paging, Nothing]) -> BaseModel:
        """Answer a page of one run's events."""
        run_id = await self._reading.seen(call)
        wanted = call.query.filter(call.token, run_id=run_id)
        return EventList.of(await self._page(call.query, wanted))

    async def _page(self, query: Paging, wanted: EventFilter) -> EventPage:
        try:
            return await self._replay.page(
                wanted,
                after=query.after,
                before=query.before,
                limit=query.limit,
                newest_first=query.order == "desc",
            )
        except CursorTrimmedError as error:
            problem = FieldProblem(
                where="query",
                pointer="/after",
                detail=f"the oldest position that is kept is {error.facts['oldest']}",
            )
            raise CursorTrimmedError(**error.facts, errors=[problem]) from None
