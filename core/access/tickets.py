"""Tickets as values: how a browser's page, which can send no header, shows a token.

A ticket stands in an address, so it works once and for a minute. Whoever redeems it is
given a session, which stands in a cookie and is good for coming back to streams. A
visit stands in a cookie too, and is what a person has who signed in to the pages. All
stand for a token that is looked up each time they are shown: they allow what it allows
then.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RANDOM_BYTES = 32
SECRET = re.compile(r"nofx[stv]_[\w-]{43}", re.ASCII)


class Kind(StrEnum):
    """What a ticket is good for: once, to come back to streams, or to look at pages."""

    TICKET = "ticket"
    SESSION = "session"
    VISIT = "visit"


LIVES = {
    Kind.TICKET: timedelta(seconds=60),
    Kind.SESSION: timedelta(hours=12),
    Kind.VISIT: timedelta(hours=12),
}
LETTERS = {Kind.TICKET: "t", Kind.SESSION: "s", Kind.VISIT: "v"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket, session or visit without its secret; `prefix` is its token's."""

    digest: str
    kind: Kind
    prefix: str
    created_at: datetime
    expires_at: datetime


def new_ticket_secret(kind: Kind) -> str:
    """Return a fresh secret of 256 random bits that fits into an address."""
    return f"nofx{LETTERS[kind]}_{secrets.token_urlsafe(RANDOM_BYTES)}"
