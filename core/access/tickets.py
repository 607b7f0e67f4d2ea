"""Tickets as values: how a browser's page, which can send no header, shows a token.

A ticket stands in an address, so it works once and for a minute. Whoever redeems it is
given a session, which stands in a cookie and is good for coming back. Both stand for a
token that is looked up each time they are shown: they allow what it allows then.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RANDOM_BYTES = 32
SECRET = re.compile(r"nofx[ts]_[\w-]{43}", re.ASCII)


class Kind(StrEnum):
    """What a ticket is good for: to be redeemed once, or to come back with."""

    TICKET = "ticket"
    SESSION = "session"


LIVES = {Kind.TICKET: timedelta(seconds=60), Kind.SESSION: timedelta(hours=12)}
LETTERS = {Kind.TICKET: "t", Kind.SESSION: "s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket or session without its secret; `prefix` is its token's."""

    digest: str
    kind: Kind
    prefix: str
    created_at: datetime
    expires_at: datetime


def new_ticket_secret(kind: Kind) -> str:
    """Return a fresh secret of 256 random bits that fits into an address."""
    return f"nofx{LETTERS[kind]}_{secrets.token_urlsafe(RANDOM_BYTES)}"
