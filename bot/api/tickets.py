"""`/events/tickets`: lets a browser's page listen, which cannot send a token."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.api.endpoint import Call, Endpoint, Nothing, post
from core.access.ticket_desk import TicketDesk
from core.access.tokens import Scope


class TicketAnswer(BaseModel):
    """A ticket for one stream; reconnecting works by a cookie that comes with it."""

    model_config = ConfigDict(frozen=True)

    ticket: str = Field(description="works once, as `?ticket=` of either stream")
    url: str = Field(description="the stream of all events, with the ticket")
    expires_at: datetime


class TicketEndpoints:
    """Making tickets."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            post(
                "/events/tickets",
                self.make,
                scope=Scope.READ,
                summary="Let a browser's page listen to events",
                body=Nothing,
                answer=TicketAnswer,
                refusals=(),
            ),
        )

    async def make(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer a ticket that stands for the caller's token."""
        issued = await self._desk.issue(call.token)
        return TicketAnswer(
            ticket=issued.secret,
            url=f"/events/stream?ticket={issued.secret}",
            expires_at=issued.expires_at,
        )
