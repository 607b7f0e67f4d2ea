"""Gives every request an id that its answer, its problems and its log lines name."""

import re

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from core.clock import Ids

HEADER = "X-Request-Id"
# Short, and nothing in it that means anything to a log, a header or a terminal.
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
REQUEST_ID = web.RequestKey("request_id", str)


def named_requests(app: web.Application, ids: Ids) -> None:
    """Name the requests of `app`; what is added before this is not named yet."""
    app.middlewares.append(_naming(ids))
    app.on_response_prepare.append(_show)


def id_of(request: web.Request) -> str | None:
    """Return the id of a request; None where requests have none."""
    return request.get(REQUEST_ID)


def _naming(ids: Ids) -> Middleware:
    @web.middleware
    async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Take the caller's id where it has a safe form, and make one elsewhere."""
        given = request.headers.get(HEADER, "")
        request_id = given if SAFE.fullmatch(given) else ids.new("req")
        request[REQUEST_ID] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            return await handler(request)

    return named


async def _show(request: web.Request, response: web.StreamResponse) -> None:
    request_id = id_of(request)
    if request_id is not None:
        response.headers[HEADER] = request_id
