"""The App at GitHub, and each installation of it, as things to call."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import jwt
from cachetools import LRUCache, TTLCache
from gidgethub import apps

from bot.github.api import IDEMPOTENT, NOTHING, Api, AppKey, Raw, TokenSource
from bot.github.caches import ResponseCache, Tokens
from bot.github.limits import Policy
from bot.github.refusals import explained
from bot.github.values import AppIdentity, InstallationRef, decode
from bot.github.wire import Wire
from bot.private_keys import rsa_key
from core.clock import Clock
from core.errors import (
    GitHubListTooLongError,
    GitHubUnavailableError,
    PrivateKeyError,
)

PAGE_SIZE = 100
MAX_INSTALLATIONS = 1024
APP = "/app"
# An App that is renamed speaks under its new name after at most this, in seconds.
HOUR = 3600
POST = frozenset({"POST"})

Json = dict[str, Any]


def graphql_url(api_url: str) -> str:
    """Return where GraphQL is answered for a REST root: `/api/v3` has it beside it."""
    root = api_url.rstrip("/")
    if root.endswith("/api/v3"):
        return f"{root.removesuffix('/v3')}/graphql"
    return f"{root}/graphql"


class Connection:
    """GitHub as one identity sees it.

    Paths start at the API root and are already percent-encoded. Every method raises
    the errors of bot/github/refusals.py and bot/github/wire.py.
    """

    def __init__(
        self,
        wire: Wire,
        identity: AppKey | TokenSource | None,
        *,
        cache: ResponseCache | None = None,
        guard: Callable[[], None] | None = None,
    ) -> None:
        self._wire = wire
        self._identity = identity
        self._cache = ResponseCache() if cache is None else cache
        self._guard = guard
        self._api = Api(wire, identity, cache=self._cache, guard=guard)
        self._once = Api(wire, identity, repeatable=NOTHING, guard=guard)
        self._again = Api(wire, identity, repeatable=POST, guard=guard)
        self._ask = Api(wire, identity, repeatable=POST | IDEMPOTENT, writes=False)

    def guarded(self, guard: Callable[[], None]) -> "Connection":
        """Return this connection for someone who may lose the right to write.

        `guard` is called before each write is sent, and raises when it must not be.
        """
        return Connection(self._wire, self._identity, cache=self._cache, guard=guard)

    @property
    def api_url(self) -> str:
        """Return the root of the REST API."""
        return self._wire.api_url

    async def token(self) -> str:
        """Return an installation's token, for a server that writes in its name.

        Raises GitHubUnavailableError where this is no installation.
        """
        if self._identity is None or isinstance(self._identity, AppKey):
            reason = "only an installation has a token to lend"
            raise GitHubUnavailableError(method="POST", path="/graphql", reason=reason)
        return await self._identity.token()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Keep a turn for one write by another road: paced and guarded as our own."""
        async with self._wire.turn(self._guard):
            yield

    async def get(self, path: str, **query: object) -> Any:
        """GET one thing as decoded JSON, from the cache when GitHub answers 304."""
        with explained("GET", path, writes=False):
            return await self._api.getitem(_with_query(path, query))

    async def pages(
        self, path: str, *, key: str | None = None, **query: object
    ) -> list[Json]:
        """GET a whole list, page by page; `key` names it inside an object.

        Raises GitHubListTooLongError past the policy's bound: a list that is cut
        short would make "not there" a guess.
        """
        limit = self._wire.policy.page_limit * PAGE_SIZE
        items: list[Json] = []
        url = _with_query(path, {"per_page": PAGE_SIZE, **query})
        with explained("GET", path, writes=False):
            async for item in self._api.getiter(url, iterable_key=key):
                if len(items) == limit:
                    raise GitHubListTooLongError(path=path, limit=limit)
                items.append(item)
        return items

    async def items(self, path: str, **query: object) -> AsyncGenerator[Json, None]:
        """Yield a list's items; its pages are asked for as far as they are wanted."""
        url = _with_query(path, {"per_page": PAGE_SIZE, **query})
        with explained("GET", path, writes=False):
            async for item in self._api.getiter(url):
                yield item

    async def raw(
        self, path: str, *, accept: str, limit: int | None = None, **query: object
    ) -> Raw:
        """GET a body undecoded; GitHubAnswerTooLargeError when over `limit` bytes."""
        most = self._wire.policy.body_limit if limit is None else limit
        with explained("GET", path, writes=False):
            return await self._api.raw(
                _with_query(path, query), accept=accept, limit=most
            )

    async def post(self, path: str, data: Json, *, repeatable: bool = False) -> Any:
        """POST once; raises UnclearAnswerError when it may have been done.

        `repeatable` is for what GitHub itself does only once, such as a reaction.
        """
        api = self._again if repeatable else self._once
        with explained("POST", path, writes=True):
            return await api.post(path, data=data)

    async def patch(self, path: str, data: Json, *, appends: bool = False) -> Any:
        """PATCH, repeated when unclear, unless it `appends` and is not idempotent."""
        api = self._once if appends else self._api
        with explained("PATCH", path, writes=True):
            return await api.patch(path, data=data)

    async def put(self, path: str, data: Json) -> Any:
        """PUT, repeated when unclear."""
        with explained("PUT", path, writes=True):
            return await self._api.put(path, data=data)

    async def delete(self, path: str) -> None:
        """DELETE, repeated when unclear: what is already gone raises a 404 error."""
        with explained("DELETE", path, writes=True):
            await self._api.delete(path)

    async def graphql(self, document: str, **variables: object) -> Json:
        """Run a GraphQL document and return its `data`; a mutation is sent once."""
        mutation = document.lstrip().startswith("mutation")
        endpoint = graphql_url(self._wire.api_url)
        api = self._once if mutation else self._ask
        with explained("POST", "/graphql", writes=mutation):
            data: Json = await api.graphql(document, endpoint=endpoint, **variables)
            return data


@dataclass(frozen=True, slots=True)
class _TokenOf:
    """The token source of one installation."""

    tokens: Tokens
    installation_id: int

    async def token(self) -> str:
        """Return the installation's token."""
        return await self.tokens.get(self.installation_id)

    def forget(self) -> None:
        """Drop it."""
        self.tokens.forget(self.installation_id)


class Installation(Connection):
    """GitHub as one installation of the App sees it: its cache, its pace, its token."""

    def __init__(self, installation_id: int, wire: Wire, tokens: Tokens) -> None:
        self.id = installation_id
        super().__init__(wire, _TokenOf(tokens, installation_id))


class GitHubApp:
    """The App itself: who it is, and where it is installed.

    Raises PrivateKeyError when the key cannot sign.
    """

    def __init__(
        self,
        *,
        app_id: int,
        private_key: str,
        api_url: str,
        session: aiohttp.ClientSession,
        clock: Clock,
        policy: Policy | None = None,
    ) -> None:
        key = _key(app_id, private_key)
        self._clock = clock
        self._wire_facts = (session, api_url, policy or Policy())
        wire = self._wire()
        self.connection = Connection(wire, key)
        asks = Api(wire, key, repeatable=POST, writes=False)
        self._tokens = Tokens(asks, key, clock)
        self._installations: LRUCache[int, Installation] = LRUCache(MAX_INSTALLATIONS)
        self._identity: TTLCache[str, AppIdentity] = TTLCache(1, HOUR, clock.monotonic)

    def installation(self, installation_id: int) -> Installation:
        """Return the installation: one object each, for the 1024 used last."""
        known = self._installations.get(installation_id)
        if known is None:
            known = Installation(installation_id, self._wire(), self._tokens)
            self._installations[installation_id] = known
        return known

    async def identity(self) -> AppIdentity:
        """Return who GitHub says the App is, asked once an hour."""
        known = self._identity.get(APP)
        if known is None:
            known = decode(AppIdentity, await self.connection.get(APP), APP)
            self._identity[APP] = known
        return known

    async def installation_of(self, repo: str) -> int:
        """Return the id of the installation that covers `owner/name`.

        Raises GitHubNotFoundError where the App is not installed.
        """
        path = f"/repos/{repo}/installation"
        return decode(InstallationRef, await self.connection.get(path), path).id

    def _wire(self) -> Wire:
        session, api_url, policy = self._wire_facts
        return Wire(
            session=session,
            clock=self._clock,
            api_url=api_url,
            policy=policy,
        )


def _key(app_id: int, pem: str) -> AppKey:
    """Return the key, which has signed once."""
    try:
        key = AppKey(app_id=app_id, private_key=rsa_key(pem))
        apps.get_jwt(app_id=str(app_id), private_key=key.signer)
    except (ValueError, TypeError, jwt.PyJWTError):
        reason = "it is not an RSA private key in PEM form"
        # The cause could quote the key, so it is dropped.
        raise PrivateKeyError(reason=reason) from None
    return key


def _with_query(path: str, query: dict[str, object]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
