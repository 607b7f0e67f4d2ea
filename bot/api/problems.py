"""Refusals in the shape of RFC 9457, each with a code and a way out."""

import http
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, Field

from bot.plain import one_line
from bot.request_ids import id_of
from core.clock import Ids
from core.errors import (
    BodyMalformedError,
    BodySlowError,
    BodyTooLargeError,
    BodyTypeError,
    ConflictError,
    CursorTrimmedError,
    FindingMovedError,
    ForeignFormError,
    FormMalformedError,
    InputError,
    ItemTooLargeError,
    NofxError,
    NotFoundError,
    PreconditionError,
    RangeError,
    ScopeMissingError,
    SetupDoneError,
    SetupRefusedError,
    TokenMissingError,
    TokenRefusedError,
    TooManyDryRunsError,
    UnavailableError,
    WorkflowForbiddenError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
LONGEST_DETAIL = 1000
BUG = 500
# The first that fits counts: the special ones stand before their families.
STATUSES: Mapping[type[NofxError], int] = {
    TokenMissingError: 401,
    TokenRefusedError: 401,
    ScopeMissingError: 403,
    ForeignFormError: 403,
    WorkflowForbiddenError: 403,
    SetupRefusedError: 403,
    TooManyDryRunsError: 429,
    BodyMalformedError: 400,
    FormMalformedError: 400,
    BodySlowError: 408,
    BodyTooLargeError: 413,
    ItemTooLargeError: 413,
    BodyTypeError: 415,
    CursorTrimmedError: 410,
    SetupDoneError: 410,
    RangeError: 416,
    PreconditionError: 412,
    FindingMovedError: 412,
    InputError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    UnavailableError: 503,
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()


class FieldProblem(BaseModel):
    """What is wrong with one part of a request."""

    where: str = Field(description="`body`, `query`, `path` or `header`")
    pointer: str = Field(description="the part, as a JSON pointer (RFC 6901)")
    detail: str


class Problem(BaseModel):
    """A refusal: RFC 9457's members, a stable code, and what to do about it."""

    type: str = Field(description="`urn:nofx:problem:` and the code")
    title: str
    status: int
    detail: str
    instance: str = Field(description="the path that was asked for")
    code: str = Field(description="the stable name of the problem")
    hint: str = Field(description="what to do about it")
    errors: list[FieldProblem] | None = None
    current: dict[str, Any] | None = Field(
        default=None, description="after a lost race, how things stand now"
    )
    incident: str | None = Field(
        default=None, description="the id under which the log has a bug of nofx"
    )
    request_id: str | None = Field(
        default=None, description="as in `X-Request-Id`, and in the lines of the log"
    )


def status_of(kind: type[NofxError]) -> int:
    """Return the HTTP status of a kind of error."""
    return next(
        (code for known, code in STATUSES.items() if issubclass(kind, known)), BUG
    )


def refusal(
    request: web.Request, error: NofxError, *, current: BaseModel | None = None
) -> web.Response:
    """Answer with an error; `current` is how things stand after a lost race."""
    status = status_of(type(error))
    problem = Problem(
        type=f"urn:nofx:problem:{error.code}",
        title=one_line(type(error).__doc__ or "").partition(": HTTP")[0].rstrip("."),
        status=status,
        detail=_shown(str(error)),
        instance=request.path,
        request_id=id_of(request),
        code=error.code,
        hint=_shown(error.way_out),
        errors=_parts(error),
        current=current.model_dump(mode="json") if current is not None else None,
    )
    return _answer(problem, headers_of(error, status))


@web.middleware
async def speaking_http(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what the server itself refuses, such as an unknown path, into a problem."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < http.HTTPStatus.BAD_REQUEST:
            raise
        phrase = http.HTTPStatus(error.status).phrase
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        problem = Problem(
            type=f"urn:nofx:problem:{code}",
            title=phrase,
            status=error.status,
            detail=f"{request.method} {_shown(request.path)}: {phrase}.",
            instance=request.path,
            request_id=id_of(request),
            code=code,
            hint="GET /openapi.json lists every path and its methods.",
        )
        allow = error.headers.get("Allow")
        return _answer(problem, {"Allow": allow} if allow else {})


def incident(request: web.Request, error: Exception, ids: Ids) -> str:
    """Log an error that nobody expected; returns the number that it can be found by."""
    number = ids.new("inc")
    log.error("api.failed", incident=number, path=request.path, exc_info=error)
    return number


def bug(request: web.Request, error: Exception, ids: Ids) -> web.Response:
    """Log an error that nobody expected, and answer with its number alone."""
    number = incident(request, error, ids)
    problem = Problem(
        type="urn:nofx:problem:bug",
        title="A bug in nofx",
        status=BUG,
        detail="Something unexpected happened inside nofx.",
        instance=request.path,
        request_id=id_of(request),
        code="bug",
        hint=f"Please report it with what the log has for {number}.",
        incident=number,
    )
    return _answer(problem, {})


def told(request: web.Request, error: Exception, ids: Ids) -> web.Response:
    """Answer with what somebody can do something about, else as a bug."""
    if isinstance(error, NofxError) and status_of(type(error)) != BUG:
        return refusal(request, error)
    return bug(request, error, ids)


def _parts(error: NofxError) -> list[FieldProblem] | None:
    found = error.facts.get("errors", ())
    parts = found if isinstance(found, list) else []
    return [one for one in parts if isinstance(one, FieldProblem)] or None


def headers_of(error: NofxError, status: int) -> dict[str, str]:
    """Return what a refusal says beside its status: when to come again, with what."""
    match error:
        case UnavailableError() | TooManyDryRunsError():
            seconds = error.facts.get("seconds", RETRY_AFTER_SECONDS)
            return {"Retry-After": str(seconds)}
        case TokenMissingError():
            return {"WWW-Authenticate": 'Bearer realm="nofx"'}
        case TokenRefusedError():
            refused = 'Bearer realm="nofx", error="invalid_token"'
            return {"WWW-Authenticate": refused}
        case ScopeMissingError():
            scope = error.facts["needed"]
            missing = f'error="insufficient_scope", scope="{scope}"'
            return {"WWW-Authenticate": f'Bearer realm="nofx", {missing}'}
        case _ if status == http.HTTPStatus.REQUEST_TIMEOUT:
            return {"Connection": "close"}
        case _:
            size = error.facts.get("size") if isinstance(error, RangeError) else None
            return {} if size is None else {"Content-Range": f"bytes */{size}"}


def _answer(problem: Problem, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        text=problem.model_dump_json(exclude_none=True),
        status=problem.status,
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **headers},
    )


def _shown(text: str) -> str:
    """Return text from outside as one harmless line of bounded length."""
    line = one_line(text)
    return line if len(line) <= LONGEST_DETAIL else f"{line[:LONGEST_DETAIL]}…"
