"""Puts endpoints on the site: token, ids, query, body, call, answer, in this order."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from bot.api import problems, requests
from bot.api.endpoint import Call, Endpoint, Written, masked
from bot.api.matching import ANY, HEADER, NONE_MATCH, if_match, is_known
from core.access.service import Tokens
from core.clock import Ids
from core.errors import ConflictError, NofxError
from core.metrics.handler_cpu import handled
from core.metrics.handlers import HANDLERS

JSON = "application/json; charset=utf-8"
NOT_MODIFIED = 304
NO_STORE = {"Cache-Control": "no-store"}
AnyEndpoint = Endpoint[Any, Any]


def serve(
    app: web.Application,
    endpoints: Iterable[AnyEndpoint],
    *,
    tokens: Tokens,
    ids: Ids,
    mask: Callable[[str], str],
) -> None:
    """Answer each endpoint on `app`; a GET answers HEAD too.

    `mask` takes the secrets out of the reasons that people give.
    """
    for endpoint in endpoints:
        HANDLERS.allow(_handler_of(endpoint))
        handler = _Answering(endpoint, tokens=tokens, ids=ids, mask=mask).handle
        if endpoint.method == "GET":
            app.router.add_get(endpoint.path, handler)
        else:
            app.router.add_route(endpoint.method, endpoint.path, handler)


class _Answering:
    """One endpoint, ready for requests."""

    def __init__(
        self,
        endpoint: AnyEndpoint,
        *,
        tokens: Tokens,
        ids: Ids,
        mask: Callable[[str], str],
    ) -> None:
        self._endpoint = endpoint
        self._tokens = tokens
        self._ids = ids
        self._mask = mask

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; whatever goes wrong becomes a problem."""
        return await handled(_handler_of(self._endpoint), self._answer(request))

    async def _answer(self, request: web.Request) -> web.Response:
        call: Call[Any, Any] | None = None
        try:
            call = await self._understand(request)
            answer = await self._endpoint.act(call)
            return self._respond(request, answer)
        except ConflictError as error:
            return await self._conflict(request, error, call)
        except Exception as error:  # noqa: BLE001  # told, or logged with its trace
            return problems.told(request, error, self._ids)

    async def _understand(self, request: web.Request) -> Call[Any, Any]:
        endpoint = self._endpoint
        token = await requests.token_of(request, self._tokens, endpoint.scope)
        path = requests.path_of(dict(request.match_info))
        query = requests.query_of(request, endpoint.query)
        body = await requests.body_of(request, endpoint.body)
        return Call(
            token=token,
            actor=f"token:{token.prefix}",
            path=path,
            query=query,
            body=masked(body, self._mask),
            if_match=if_match(request.headers.getall(HEADER, []))
            if endpoint.conditional
            else ANY,
        )

    def _respond(self, request: web.Request, answer: BaseModel) -> web.Response:
        headers = dict(NO_STORE)
        if self._endpoint.makes is not None:
            headers["Location"] = self._endpoint.makes(answer)
        if self._endpoint.etag is not None:
            headers["ETag"] = self._endpoint.etag(answer)
            known = request.headers.getall(NONE_MATCH, [])
            if self._endpoint.method == "GET" and is_known(known, headers["ETag"]):
                return web.Response(status=NOT_MODIFIED, headers=headers)
        written = answer if isinstance(answer, Written) else None
        return web.Response(
            body=body_of(answer),
            status=self._endpoint.status,
            headers={
                **headers,
                **(written.headers if written is not None else {}),
                "Content-Type": written.media_type if written is not None else JSON,
            },
        )

    async def _conflict(
        self, request: web.Request, error: ConflictError, call: Call[Any, Any] | None
    ) -> web.Response:
        """Refuse, and say how things stand now as far as that can be told."""
        current: BaseModel | None = None
        if call is not None and self._endpoint.current is not None:
            try:
                current = await self._endpoint.current(call)
            except NofxError as unknown:
                problems.log.warning("api.no_current", reason=str(unknown))
        return problems.refusal(request, error, current=current)


def body_of(answer: BaseModel) -> bytes:
    """Return the bytes in which an answer is sent."""
    if isinstance(answer, Written):
        return answer.body.encode()
    return answer.model_dump_json(by_alias=True).encode()


def written(answer: BaseModel) -> Written:
    """Return an answer as it is sent: for large ones, which take long to write."""
    if isinstance(answer, Written):
        return answer
    return Written(body=body_of(answer).decode(), media_type=JSON)


def printed(answer: BaseModel) -> str:
    """Return an answer as a command prints it, to its last line feed."""
    if isinstance(answer, Written):
        return answer.body if answer.body.endswith("\n") else f"{answer.body}\n"
    return f"{answer.model_dump_json(by_alias=True, indent=2)}\n"


def etag_by_content(answer: BaseModel) -> str:
    """Return a version in quotes that two answers share only if they are the same."""
    return f'"{sha256(body_of(answer)).hexdigest()}"'


def _handler_of(endpoint: AnyEndpoint) -> str:
    """Return the name under which an endpoint's cost is accounted."""
    return f"api:{endpoint.method} {endpoint.path}"
