"""Calls a GitHub over HTTP as an App would, with nothing of the bot's client."""

from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multidict import CIMultiDictProxy

from bot.simulator.registering import AppCredentials
from bot.simulator.simulator import Simulator


@cache
def _key(pem: str) -> RSAPrivateKey:
    """Return a key read once: reading one costs more than signing with it."""
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: `body` is JSON where the answer says so, else bytes."""

    status: int
    body: Any
    headers: CIMultiDictProxy[str]


class GitHubCaller:
    """One App's voice: as the App itself, or as one of its installations."""

    def __init__(self, simulator: Simulator, app: AppCredentials) -> None:
        self._simulator = simulator
        self._app = app
        self._session = aiohttp.ClientSession()
        self.authorization = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    def as_app(self, now: float, **claims: object) -> None:
        """Speak as the App, by a token signed now; `claims` replace the usual ones."""
        usual = {"iat": int(now) - 60, "exp": int(now) + 540, "iss": self._app.app_id}
        whole = {**usual, "iss": str(self._app.app_id), **claims}
        token = jwt.encode(whole, _key(self._app.private_key), algorithm="RS256")
        self.authorization = f"Bearer {token}"

    def as_nobody(self, authorization: str = "") -> None:
        """Speak without credentials, or with the header that is given."""
        self.authorization = authorization

    async def as_installation(
        self, now: float, installation: int, **wish: object
    ) -> Reply:
        """Speak as an installation, with a fresh token narrowed by `wish`."""
        self.as_app(now)
        path = f"/app/installations/{installation}/access_tokens"
        reply = await self.post(path, dict(wish))
        if reply.status == 201:
            self.authorization = f"token {reply.body['token']}"
        return reply

    async def get(self, path: str, **headers: str) -> Reply:
        """Send a GET; `Accept` and the like are keyword arguments."""
        return await self.send("GET", path, None, headers)

    async def post(self, path: str, body: object = None) -> Reply:
        """Send a POST with a JSON body."""
        return await self.send("POST", path, body)

    async def graphql(self, query: str, **variables: object) -> Any:
        """Send a GraphQL document and return the answer's JSON."""
        body = {"query": query, "variables": variables}
        url = self._simulator.graphql_url
        return (await self.send("POST", url, body)).body

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request to a path below the API root, or to a whole URL."""
        url = path if path.startswith("http") else self._simulator.api_url + path
        known = {"Authorization": self.authorization} if self.authorization else {}
        async with self._session.request(
            method, url, json=body, headers={**known, **(headers or {})}
        ) as response:
            data = await response.read()
            is_json = response.content_type == "application/json" and data
            return Reply(
                status=response.status,
                body=await response.json() if is_json else data,
                headers=response.headers,
            )
