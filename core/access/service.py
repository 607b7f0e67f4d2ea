"""Making, listing, revoking and recognising tokens."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.access.store import TokenStore
from core.access.tokens import (
    EVERYWHERE,
    PATTERN,
    Scope,
    Token,
    digest_of,
    new_secret,
    prefix_of,
)
from core.clock import Clock, Ids
from core.errors import (
    RepositoryPatternError,
    TokenNotFoundError,
    TokenRefusedError,
    TokenWishError,
)

LONGEST_NAME = 100
LONGEST_LIFE = timedelta(days=366 * 10)
NOBODY = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token that was just made; `secret` is nowhere else and cannot be had again."""

    token: Token
    secret: str


class Tokens:
    """The service over the `tokens` collection; raises StoreUnavailableError."""

    def __init__(self, store: TokenStore, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def create(
        self,
        scopes: Sequence[Scope],
        *,
        name: str = "",
        repositories: Sequence[str] = EVERYWHERE,
        life: timedelta | None = None,
    ) -> Issued:
        """Make a token that ends after `life`, or never.

        Raises TokenWishError, RepositoryPatternError.
        """
        _check(scopes, name, repositories, life)
        now = self._clock.now()
        while True:
            secret = new_secret()
            token = Token(
                id=self._ids.new("tok"),
                prefix=str(prefix_of(secret)),
                digest=digest_of(secret),
                name=name,
                scopes=tuple(scope for scope in Scope if scope in scopes),
                repositories=tuple(dict.fromkeys(repositories)),
                created_at=now,
                expires_at=now + life if life is not None else None,
            )
            if await self._store.add(token):
                return Issued(token=token, secret=secret)

    async def first(self) -> Issued | None:
        """Make a token for everything where there is none at all, else None.

        One that was revoked or has expired counts: somebody has taken charge.
        """
        if await self._store.all():
            return None
        return await self.create([Scope.ADMIN], name="first")

    async def list(self) -> tuple[Token, ...]:
        """Return every token, oldest first."""
        return await self._store.all()

    async def revoke(self, prefix: str) -> Token:
        """End a token now and for good; raises TokenNotFoundError.

        The secret's beginning `nofx_<prefix>` may be given, even the whole of it.
        """
        known = prefix_of(prefix) or prefix.removeprefix("nofx_")
        await self._store.revoke(known, self._clock.now())
        token = await self._store.get(known)
        if token is None:
            raise TokenNotFoundError(prefix=known)
        return token

    async def named(self, prefix: str) -> Token | None:
        """Return the token of a prefix as it is now, ended or not."""
        return await self._store.get(prefix)

    async def authenticate(self, secret: str) -> Token:
        """Return the token of a secret; raises TokenRefusedError.

        What is wrong is told only to who knows the whole secret.
        """
        prefix = prefix_of(secret)
        token = await self._store.get(prefix) if prefix is not None else None
        known = token.digest if token is not None else NOBODY
        same = hmac.compare_digest(known, digest_of(secret))
        if token is None or not same:
            raise TokenRefusedError(reason="it is not known here")
        ended = token.ended(self._clock.now())
        if ended is not None:
            raise TokenRefusedError(reason=f"it is {ended}")
        return token


def _check(
    scopes: Sequence[Scope],
    name: str,
    repositories: Sequence[str],
    life: timedelta | None,
) -> None:
    if not scopes:
        raise TokenWishError(reason="it needs at least one scope")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise TokenWishError(reason="its name is not one line of 100 characters")
    if life is not None and not timedelta(0) < life <= LONGEST_LIFE:
        raise TokenWishError(reason="it must end later than now, within ten years")
    if not repositories:
        raise TokenWishError(reason="it needs at least one repository, or `*`")
    for pattern in repositories:
        if not PATTERN.fullmatch(pattern):
            raise RepositoryPatternError(pattern=pattern)
