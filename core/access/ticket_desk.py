"""Issuing tickets, redeeming them for sessions, and recognising who comes back."""

from dataclasses import dataclass
from datetime import datetime

from core.access.service import Tokens
from core.access.ticket_store import TicketStore
from core.access.tickets import LIVES, SECRET, Kind, Ticket, new_ticket_secret
from core.access.tokens import Token, digest_of
from core.clock import Clock
from core.errors import TicketRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A ticket, session or visit that was just made; `secret` is nowhere else."""

    secret: str
    expires_at: datetime


class TicketDesk:
    """The service over `tickets`; raises StoreUnavailableError."""

    def __init__(self, store: TicketStore, tokens: Tokens, *, clock: Clock) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock

    async def issue(self, token: Token) -> Shown:
        """Make a ticket that stands for a token, once and for a minute."""
        return await self._make(Kind.TICKET, token)

    async def redeem(self, secret: str) -> tuple[Token, Shown]:
        """Use a ticket up; returns its token, and a session to come back with.

        The session ends after twelve hours, or with the token. Raises
        TicketRefusedError.
        """
        ticket = await self._find(Kind.TICKET, secret)
        if not await self._store.take(ticket.digest):
            raise TicketRefusedError(reason="it was used already")
        token = await self._token(ticket)
        return token, await self._make(Kind.SESSION, token)

    async def recognise(self, secret: str, kind: Kind = Kind.SESSION) -> Token:
        """Return the token that a cookie stands for; raises TicketRefusedError."""
        return await self._token(await self._find(kind, secret))

    async def sign_in(self, secret: str) -> Shown:
        """Begin a visit with a token's secret; raises TokenRefusedError.

        It ends after twelve hours, or with the token.
        """
        return await self._make(Kind.VISIT, await self._tokens.authenticate(secret))

    async def sign_out(self, secret: str) -> None:
        """End a visit at once; one that is not there has ended."""
        if SECRET.fullmatch(secret):
            await self._store.take(digest_of(secret))

    async def _make(self, kind: Kind, token: Token) -> Shown:
        now = self._clock.now()
        secret = new_ticket_secret(kind)
        latest = now + LIVES[kind]
        expires_at = min(latest, token.expires_at or latest)
        ticket = Ticket(
            digest=digest_of(secret),
            kind=kind,
            prefix=token.prefix,
            created_at=now,
            expires_at=expires_at,
        )
        await self._store.add(ticket)
        return Shown(secret=secret, expires_at=expires_at)

    async def _find(self, kind: Kind, secret: str) -> Ticket:
        found: Ticket | None = None
        if SECRET.fullmatch(secret):
            found = await self._store.get(digest_of(secret))
        if found is None or found.kind is not kind:
            raise TicketRefusedError(reason="it is not known here, or was used already")
        if found.expires_at <= self._clock.now():
            raise TicketRefusedError(reason="it is expired")
        return found

    async def _token(self, ticket: Ticket) -> Token:
        token = await self._tokens.named(ticket.prefix)
        ended = "unknown" if token is None else token.ended(self._clock.now())
        if token is None or ended is not None:
            raise TicketRefusedError(reason=f"its token is {ended}")
        return token
