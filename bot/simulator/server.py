"""The HTTP side: finds the route, lets faults and limits act, records each request."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from bot.simulator.answers import Answer, Json, RefusedError, not_found
from bot.simulator.auth import Actor, identify, require
from bot.simulator.call import Call, Route
from bot.simulator.faults import AFTER, Fault, Faults
from bot.simulator.limits import RateLimits
from bot.simulator.paging import page_of
from bot.simulator.webhooks import Webhooks
from bot.simulator.world import World

REST = "/api/v3"
GRAPHQL = "/api/graphql"
LARGEST_BODY = 25 * 1024 * 1024
UNPAID = frozenset(("/rate_limit",))
HIDDEN = frozenset(("authorization", "cookie"))
TICK = 0.02
SLOW = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One request as it came in: `path` is below the API root, secrets left out.

    `status` is what the caller saw; 0 when it got no answer.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    status: int


class Server:
    """GitHub's two APIs over a world."""

    def __init__(self, world: World, hooks: Webhooks, routes: Sequence[Route]) -> None:
        self.faults = Faults()
        self.limits = RateLimits(world.clock)
        self.requests: list[RecordedRequest] = []
        self._world = world
        self._hooks = hooks
        self._closing = asyncio.Event()
        self.application = web.Application(client_max_size=LARGEST_BODY)
        for route in routes:
            path = GRAPHQL if route.path == "/graphql" else REST + route.path
            handler = partial(self._serve, route)
            self.application.router.add_route(route.method, path, handler)
        unknown = Route(method="*", path="/", handler=_unknown, by="anyone")
        self.application.router.add_route(
            "*", REST + "/{tail:.*}", partial(self._serve, unknown)
        )

    def stop(self) -> None:
        """Let go of the requests that a fault keeps waiting."""
        self._closing.set()

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api").removeprefix("/v3")
        body = await request.read()
        fault = self.faults.take(request.method, path)
        if fault is not None and fault.kind == "drop":
            self._record(request, path, body, 0)
            return _cut(request)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(SLOW if fault.seconds is None else fault.seconds)
        response = await self._respond(route, request, body, fault)
        if fault is None or fault.kind not in AFTER:
            self._record(request, path, body, response.status)
            return response
        return await self._spoil(fault, request, path, body)

    async def _spoil(
        self, fault: Fault, request: web.Request, path: str, body: bytes
    ) -> web.StreamResponse:
        """Keep back the answer of a request that was carried out."""
        if fault.kind == "502_after_commit":
            self._record(request, path, body, 502)
            return web.json_response({"message": "Server Error"}, status=502)
        self._record(request, path, body, 0)
        if fault.kind == "timeout_after_commit":
            # The caller's hanging up wakes nobody, so it is looked for.
            while not _is_gone(request) and not await self._closes_within(TICK):
                pass
        return _cut(request)

    async def _closes_within(self, seconds: float) -> bool:
        """Wait for the end of the simulator, and say whether it came."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return self._closing.is_set()

    async def _respond(
        self, route: Route, request: web.Request, body: bytes, fault: Fault | None
    ) -> web.Response:
        """Return the answer with the headers that GitHub gives to each."""
        key = "anonymous"
        try:
            if fault is not None and fault.kind not in ("slow", *AFTER):
                raise fault.refusal(self._world.now().timestamp())
            caller = self._caller(route, request)
            key = caller.key if caller else key
            if request.path.removeprefix(REST) not in UNPAID:
                self.limits.count(key)
            answer = await route.handler(self._call(caller, request, body))
            if answer.pages:
                answer = page_of(answer, request)
        except RefusedError as refused:
            answer = refused.answer
        return self._rendered(request, answer, key)

    def _caller(self, route: Route, request: web.Request) -> Actor | None:
        if route.by == "anyone":
            return None
        actor = identify(self._world, request.headers.get("Authorization", ""))
        require(actor, route.by, route.needs)
        return actor

    def _call(self, caller: Actor | None, request: web.Request, body: bytes) -> Call:
        return Call(
            world=self._world,
            hooks=self._hooks,
            limits=self.limits,
            params=dict(request.match_info),
            query=dict(request.query),
            body=_object(body),
            accept=request.headers.get("Accept", ""),
            caller=caller,
        )

    def _rendered(self, request: web.Request, answer: Answer, key: str) -> web.Response:
        data = _bytes(answer)
        headers = {
            "X-GitHub-Request-Id": self._world.new_guid().upper()[:18],
            "X-GitHub-Media-Type": "github.v3; format=json",
        }
        status = answer.status
        if request.method == "GET" and status == web.HTTPOk.status_code:
            etag = f'W/"{hashlib.sha256(data).hexdigest()}"'
            headers["ETag"] = etag
            headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
            if etag in request.headers.get("If-None-Match", ""):
                self.limits.forgive(key)
                status, data = web.HTTPNotModified.status_code, b""
        headers |= self.limits.headers(key) | dict(answer.headers)
        if data:
            headers["Content-Type"] = f"{answer.content_type}; charset=utf-8"
        return web.Response(status=status, body=data, headers=headers)

    def _record(
        self, request: web.Request, path: str, body: bytes, status: int
    ) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(
            RecordedRequest(
                method=request.method,
                path=path,
                query=dict(request.query),
                headers={k: v for k, v in headers.items() if k not in HIDDEN},
                body=_parsed(body),
                status=status,
            )
        )


async def _unknown(_: Call) -> Answer:
    """Refuse a path that the simulator does not have."""
    raise not_found()


def _is_gone(request: web.Request) -> bool:
    """Say whether the caller has hung up."""
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.Request) -> web.Response:
    """Close the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def _parsed(body: bytes) -> Any:
    """Return a body's JSON, None for none, and text where it is no JSON."""
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _object(body: bytes) -> Json:
    """Return the JSON object of a body; an empty body is an empty object."""
    value = _parsed(body)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise RefusedError(400, "Problems parsing JSON")


def _bytes(answer: Answer) -> bytes:
    """Return an answer's body as it goes over the wire."""
    if answer.body is None:
        return b""
    if isinstance(answer.body, bytes):
        return answer.body
    return json.dumps(answer.body).encode()
