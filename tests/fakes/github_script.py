"""A GitHub that answers from a script, for what the simulator cannot be made to say."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from typing_extensions import override

from bot.github.client import GitHubApp, Installation
from bot.github.limits import Policy
from tests.fakes.clock import FakeClock

APP_ID = 7
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
INSTALLATION = 42
TOKEN_PATH = f"/app/installations/{INSTALLATION}/access_tokens"


@cache
def pem() -> str:
    """Return a private key, one for all tests: making one is slow."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return encoded.decode()


class PatientClock(FakeClock):
    """A clock that moves when somebody sleeps, and remembers how long."""

    def __init__(self, start: datetime = NINE) -> None:
        super().__init__(start, skipping=True)
        self.slept: list[float] = []

    @override
    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer; `drop` cuts the line instead, `hang` says nothing."""

    status: int = 200
    data: Any = None
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    data: Any


class ScriptedGitHub:
    """Answers each method and path with its replies in turn; the last one stays."""

    def __init__(self) -> None:
        self.api_url = ""
        self.calls: list[Call] = []
        self.tokens = 0
        self._script: dict[tuple[str, str], deque[Reply]] = defaultdict(deque)

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """Add replies to this method and path (below the API root)."""
        self._script[method, path].extend(replies)

    def made(self, method: str, path: str) -> list[Call]:
        """Return the requests that came for this method and path."""
        return [
            call for call in self.calls if (call.method, call.path) == (method, path)
        ]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Record the request and give the next reply, or 404."""
        path = request.rel_url.raw_path.removeprefix("/api/v3")
        body = await request.read()
        self.calls.append(
            Call(
                method=request.method,
                path=path,
                query=dict(request.query),
                headers=request.headers,
                data=json.loads(body) if body else None,
            )
        )
        replies = self._script.get((request.method, path))
        if replies is None and path == TOKEN_PATH:
            return self._token()
        if not replies:
            return web.json_response({"message": "Not Found"}, status=404)
        reply = replies.popleft() if len(replies) > 1 else replies[0]
        if reply.hang:
            await asyncio.sleep(60)
        if reply.drop and request.transport is not None:
            request.transport.abort()
        if reply.raw is not None:
            return web.Response(
                status=reply.status, body=reply.raw, headers=reply.headers
            )
        return web.json_response(reply.data, status=reply.status, headers=reply.headers)

    def _token(self) -> web.Response:
        self.tokens += 1
        data = {"token": f"ghs_{self.tokens}", "expires_at": "2026-11-23T10:00:00Z"}
        return web.json_response(data, status=201)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scripted GitHub with an App connected to it."""

    hub: ScriptedGitHub
    app: GitHubApp
    clock: PatientClock
    session: aiohttp.ClientSession

    @property
    def gh(self) -> Installation:
        """Return the one installation."""
        return self.app.installation(INSTALLATION)


@asynccontextmanager
async def scene(**policy: Any) -> AsyncIterator[Scene]:
    """Start a scripted GitHub and connect an App to it; no jitter, no spacing."""
    hub, clock = ScriptedGitHub(), PatientClock()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", hub.answer)
    server = TestServer(application, host="127.0.0.1")
    patience: dict[str, Any] = {"write_spacing_seconds": 0.0, "jitter": lambda: 0.5}
    async with server, aiohttp.ClientSession() as session:
        hub.api_url = str(server.make_url("/api/v3"))
        app = GitHubApp(
            app_id=APP_ID,
            private_key=pem(),
            api_url=hub.api_url,
            session=session,
            clock=clock,
            policy=Policy(**patience | policy),
        )
        yield Scene(hub=hub, app=app, clock=clock, session=session)
