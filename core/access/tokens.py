"""Tokens as values: what one may do, and the form of the secret that is shown once."""

import hashlib
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

BASE62 = string.digits + string.ascii_letters
PREFIX_LENGTH = 8
RANDOM_LENGTH = 40
SECRET = re.compile(r"nofx_([0-9A-Za-z]{8})_[0-9A-Za-z]{32,128}")
# `owner/name` as GitHub has them, `owner/*` for all of an owner, `*` for everything.
PATTERN = re.compile(r"\*|[\w.*-]{1,100}/[\w.*-]{1,100}", re.ASCII)
EVERYWHERE = ("*",)


class Scope(StrEnum):
    """What a token allows; each scope includes those before it."""

    READ = "read"
    OPERATE = "operate"
    SUPERVISE = "supervise"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Return whether whoever has this scope has the other one too."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token without its secret, of which only the SHA-256 is known.

    `repositories` are patterns such as `octo/hello`, `octo/*` and `*`; upper and lower
    case are one, as they are at GitHub. Times are UTC.
    """

    id: str
    prefix: str
    digest: str
    name: str
    scopes: tuple[Scope, ...]
    repositories: tuple[str, ...] = EVERYWHERE
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def allows(self, scope: Scope) -> bool:
        """Return whether one of its scopes includes this one."""
        return any(own.includes(scope) for own in self.scopes)

    def sees(self, repository: str) -> bool:
        """Return whether one of its patterns matches the repository's full name."""
        return sees(self.repositories, repository)

    def ended(self, now: datetime) -> str | None:
        """Return the word for why it no longer counts, or None while it does."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return None


def sees(patterns: Iterable[str], repository: str) -> bool:
    """Return whether one of the patterns matches a repository's full name."""
    name = repository.lower()
    return any(fnmatchcase(name, one.lower()) for one in patterns)


def new_secret() -> str:
    """Return a fresh secret, `nofx_<prefix>_<40 random letters and digits>`."""
    prefix, rest = _letters(PREFIX_LENGTH), _letters(RANDOM_LENGTH)
    return f"nofx_{prefix}_{rest}"


def prefix_of(secret: str) -> str | None:
    """Return the prefix of what has the form of a secret, else None."""
    found = SECRET.fullmatch(secret)
    return found[1] if found else None


def digest_of(secret: str) -> str:
    """Return the SHA-256 of the whole secret in hexadecimal digits.

    A secret of 238 random bits cannot be guessed, so no slow hash is needed. What is
    shown as one may hold bytes that are no text.
    """
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def _letters(count: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(count))
