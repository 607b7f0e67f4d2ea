"""Reads a request: the token, the ids in the path, the query, the JSON body."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.api.endpoint import Incoming
from bot.api.problems import FieldProblem
from bot.plain import one_line
from core.access.service import Tokens
from core.access.tokens import Scope, Token
from core.errors import (
    BodyMalformedError,
    BodySlowError,
    BodyTooLargeError,
    BodyTypeError,
    IdMalformedError,
    RequestInvalidError,
    ScopeMissingError,
    TokenMissingError,
)

M = TypeVar("M", bound=Incoming)
LARGEST_BODY = 1024 * 1024
BODY_SECONDS = 15.0
LONGEST_SHOWN = 60
LONGEST_REASON = 200
NAME = r"\.{0,2}[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}"
DIGITS = "[0-9a-hjkmnp-tv-z]{26}"


@dataclass(frozen=True, slots=True)
class Id:
    """What stands in a path: of which noun it is, and what it looks like."""

    noun: str
    pattern: str
    example: str


IDS: Mapping[str, Id] = {
    "run_id": Id("run", f"^run_{DIGITS}$", "run_01hxqg5t0kc8f2v7w3m9b4n6ry"),
    "checkpoint_id": Id(
        "checkpoint", f"^cp_{DIGITS}$", "cp_01hxqg5t0kc8f2v7w3m9b4n6ry"
    ),
    "merge_id": Id("merge", f"^mrg_{DIGITS}$", "mrg_01hxqg5t0kc8f2v7w3m9b4n6ry"),
    "session_id": Id(
        "session", f"^session_{DIGITS}$", "session_01hxqg5t0kc8f2v7w3m9b4n6ry"
    ),
    "hold_id": Id("hold", f"^hold_{DIGITS}$", "hold_01hxqg5t0kc8f2v7w3m9b4n6ry"),
    "redaction_id": Id(
        "redaction", f"^red_{DIGITS}$", "red_01hxqg5t0kc8f2v7w3m9b4n6ry"
    ),
    "finding_id": Id(
        "finding", f"^finding_{DIGITS}$", "finding_01hxqg5t0kc8f2v7w3m9b4n6ry"
    ),
    "owner": Id("owner", r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$", "octo"),
    "repo": Id("repository", rf"^{NAME}$", "hello"),
    "number": Id("pull request", "^[1-9][0-9]{0,8}$", "7"),
    "seq": Id("item", "^[1-9][0-9]{0,8}$", "17"),
    "gate": Id("gate", "^[a-z][a-z_:]{0,59}$", "llm_review"),
}


async def token_of(request: web.Request, tokens: Tokens, needed: Scope) -> Token:
    """Return the caller's token.

    Raises TokenMissingError, TokenRefusedError, ScopeMissingError.
    """
    given = request.headers.get("Authorization", "")
    scheme, _, secret = given.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise TokenMissingError
    token = await tokens.authenticate(secret.strip())
    check_scope(token, needed)
    return token


def check_scope(token: Token, needed: Scope) -> None:
    """Raise ScopeMissingError when a token does not allow what is asked for."""
    if not token.allows(needed):
        held = ", ".join(token.scopes)
        raise ScopeMissingError(needed=str(needed), held=held)


def path_of(ids: dict[str, str]) -> dict[str, str]:
    """Return the ids in the path as they are; raises IdMalformedError."""
    for name, value in ids.items():
        known = IDS[name]
        if not re.fullmatch(known.pattern, value):
            shown = one_line(value)[:LONGEST_SHOWN]
            raise IdMalformedError(found=shown, noun=known.noun, example=known.example)
    return ids


def query_of(request: web.Request, model: type[M]) -> M:
    """Return the query as its model; raises RequestInvalidError."""
    names = [name for name, _ in request.query.items()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problems = [
            FieldProblem(where="query", pointer=_pointer([name]), detail="given twice")
            for name in twice
        ]
        raise _invalid(problems)
    return validated(model, dict(request.query), "query")


async def body_of(request: web.Request, model: type[M]) -> M:
    """Return the body as its model; no body is an empty object.

    Raises BodySlow-, BodyTooLarge-, BodyType-, BodyMalformed-, RequestInvalidError.
    """
    data = await bytes_of(request)
    if not data:
        return validated(model, {}, "body")
    if request.content_type != "application/json":
        raise BodyTypeError(found=one_line(request.content_type)[:LONGEST_SHOWN])
    try:
        value = json.loads(data.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = one_line(str(error)) or type(error).__name__
        raise BodyMalformedError(reason=reason[:LONGEST_REASON]) from None
    return validated(model, value, "body")


async def bytes_of(request: web.Request) -> bytes:
    """Return the body; raises BodySlow-, BodyTooLarge- and BodyMalformedError."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise BodySlowError(seconds=BODY_SECONDS) from None
    except web.HTTPRequestEntityTooLarge:
        raise BodyTooLargeError(limit=LARGEST_BODY) from None
    except web.RequestPayloadError:
        raise BodyMalformedError(reason="the transfer is broken") from None


def validated(model: type[M], value: object, where: str) -> M:
    """Return a value as its model; raises RequestInvalidError."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise _invalid([_problem(one, where) for one in found]) from None


def _problem(found: ErrorDetails, where: str) -> FieldProblem:
    return FieldProblem(
        where=where,
        pointer=_pointer(found["loc"]),
        detail=one_line(found["msg"].removeprefix("Value error, ")),
    )


def _pointer(parts: Iterable[int | str]) -> str:
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join(f"/{one_line(part)[:LONGEST_SHOWN]}" for part in escaped)


def _invalid(problems: list[FieldProblem]) -> RequestInvalidError:
    first = problems[0]
    words = f"{first.where} {first.pointer}: {first.detail}".replace(" :", ":")
    return RequestInvalidError(reason=words.rstrip("."), errors=problems)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
