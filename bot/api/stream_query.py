"""What a stream of events can be asked for: a filter, and where to begin."""

from aiohttp import web
from pydantic import Field

from bot.api.endpoint import Incoming
from bot.api.event_query import EventQuery, Position, StoryQuery

HEADER = "Last-Event-ID"


class Beginning(Incoming):
    """Where a stream begins, and what a page shows instead of a token."""

    after: Position = Field(
        default=None,
        description="begin after this position; 0 is before all that is kept",
    )
    last_event_id: Position = Field(
        default=None, description="as the header `Last-Event-ID`, which counts more"
    )
    ticket: str | None = Field(
        default=None,
        max_length=200,
        description="from `POST /events/tickets`, for who cannot send a header",
    )

    def cursor(self, request: web.Request) -> str | int | None:
        """Return the last event that the client has, None when it says nothing.

        A browser comes back to the address that it was first given, so what it says of
        itself counts more than what the address says.
        """
        header = request.headers.get(HEADER)
        if header:
            return header
        return self.after if self.last_event_id is None else self.last_event_id


class StreamQuery(EventQuery, Beginning):
    """A stream of all events, narrowed as their list is."""


class RunStreamQuery(StoryQuery, Beginning):
    """A stream of one run's events."""
