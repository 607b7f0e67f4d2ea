"""Who listens: shown by a token, by a ticket in the address, or by a cookie.

There are two cookies: that of who redeemed a ticket, and that of who is signed in to
the pages, which listen too.
"""

from dataclasses import dataclass

from aiohttp import web

from bot.api import requests
from core.access.service import Tokens
from core.access.ticket_desk import Shown, TicketDesk
from core.access.tickets import SECRET, Kind
from core.access.tokens import Scope, Token
from core.errors import TicketRefusedError

COOKIE = "nofx_stream"
VISIT = "nofx_center"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever listens, and the session to come back with, if one was just made."""

    token: Token
    session: Shown | None = None


class Visitors:
    """Tells who asks for a stream.

    A browser comes back to the address with the ticket that it has used up: the cookie
    that it was given for it counts then. It counts for streams alone.
    """

    def __init__(self, tokens: Tokens, desk: TicketDesk) -> None:
        self._tokens = tokens
        self._desk = desk

    async def of(self, request: web.Request) -> Visitor:
        """Return who asks.

        Raises TokenMissingError, TokenRefusedError, ScopeMissingError and
        TicketRefusedError.
        """
        cookie = request.cookies.get(COOKIE, "")
        visit = request.cookies.get(VISIT, "")
        ticket = request.query.get("ticket")
        if "Authorization" in request.headers or not (ticket or cookie or visit):
            token = await requests.token_of(request, self._tokens, Scope.READ)
            return Visitor(token)
        if ticket:
            try:
                return Visitor(*await self._desk.redeem(ticket))
            except TicketRefusedError:
                if not SECRET.fullmatch(cookie):
                    raise
        # Without a ticket in the address it is a page of ours that asks, if any.
        if visit and not ticket:
            try:
                return Visitor(await self._desk.recognise(visit, Kind.VISIT))
            except TicketRefusedError:
                if not cookie:
                    raise
        return Visitor(await self._desk.recognise(cookie))
