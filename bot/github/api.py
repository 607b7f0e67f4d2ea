"""gidgethub's API over our wire: GitHub's conventions there, transport here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from gidgethub import abc, sansio
from typing_extensions import override
from yarl import URL

from bot.github.limits import Answer
from bot.github.wire import Request, Wire

USER_AGENT = "nofx"
API_VERSION = "2022-11-28"
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
READS = frozenset({"GET", "HEAD"})
NOTHING: frozenset[str] = frozenset()
UNAUTHORIZED, OK = 401, 200


class TokenSource(Protocol):
    """Where an installation's token comes from."""

    async def token(self) -> str:
        """Return a token that is good for some minutes at least."""
        ...

    def forget(self) -> None:
        """Drop the token: GitHub did not accept it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKey:
    """An App's number and its private key, which is read once and signs often."""

    app_id: int
    private_key: RSAPrivateKey = field(repr=False)

    @property
    def signer(self) -> str:
        """Return the key for gidgethub, which would have it as text.

        It hands it on to PyJWT, which would read the text anew for each signature.
        """
        return cast("str", self.private_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A body as GitHub sent it, undecoded: diffs and files need not be UTF-8."""

    content_type: str
    body: bytes


class Api(abc.GitHubAPI):
    """A gidgethub API that repeats the given methods after an unclear answer.

    Signs as the App with an AppKey (gidgethub makes the JWT: 60 s back, 9 minutes
    long), as an installation with a TokenSource, as nobody with None. `writes` is
    False for one that only asks, though by POST. `guard` is the wire's.
    """

    def __init__(
        self,
        wire: Wire,
        identity: AppKey | TokenSource | None,
        *,
        repeatable: frozenset[str] = IDEMPOTENT,
        writes: bool = True,
        cache: abc.CACHE_TYPE | None = None,
        guard: Callable[[], None] | None = None,
    ) -> None:
        key = identity if isinstance(identity, AppKey) else None
        super().__init__(
            USER_AGENT,
            app_id=str(key.app_id) if key else None,
            private_key=key.signer if key else None,
            cache=cache,
            base_url=wire.api_url,
        )
        self._wire = wire
        self._tokens = None if isinstance(identity, AppKey) else identity
        self._repeatable = repeatable
        self._writes = writes
        self._guard = guard

    async def raw(self, path: str, *, accept: str, limit: int) -> Raw:
        """GET a body of at most `limit` bytes in the media type `accept`, undecoded."""
        url = sansio.format_url(path, None, base_url=self.base_url)
        jwt = self._get_app_jwt()
        headers = sansio.create_headers(self.requester, accept=accept, jwt=jwt)
        answer = await self._answer("GET", url, headers, b"", limit)
        if answer.status != OK:
            sansio.decipher_response(answer.status, answer.headers, answer.body)
        content_type = answer.headers.get("content-type", "")
        return Raw(content_type=content_type, body=answer.body)

    @override
    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        limit = self._wire.policy.body_limit
        answer = await self._answer(method, url, headers, body, limit)
        return answer.status, answer.headers, answer.body

    async def _answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, limit: int
    ) -> Answer:
        answer = await self._signed(method, url, headers, body, limit)
        if answer.status == UNAUTHORIZED and self._tokens is not None:
            self._tokens.forget()
            answer = await self._signed(method, url, headers, body, limit)
        return answer

    async def _signed(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, limit: int
    ) -> Answer:
        signed = {**headers, "x-github-api-version": API_VERSION}
        if self._tokens is not None:
            signed["authorization"] = f"Bearer {await self._tokens.token()}"
        return await self._wire.send(
            Request(
                method=method,
                url=URL(url, encoded=True),
                headers=signed,
                body=body,
                writes=self._writes and method not in READS,
                repeatable=method in self._repeatable,
                limit=limit,
                guard=self._guard,
            )
        )

    @override
    async def sleep(self, seconds: float) -> None:
        """Do nothing: the wire does all the waiting."""
