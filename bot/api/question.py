"""Asks the API's endpoints without HTTP: for who can open the database, for pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.access.tokens import EVERYWHERE, Scope, Token

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import BaseModel

    from bot.api.serving import AnyEndpoint

# Who may open the database may do everything: no secret is asked for.
OWNER = Token(
    id="",
    prefix="",
    digest="",
    name="",
    scopes=(Scope.ADMIN,),
    repositories=EVERYWHERE,
    created_at=datetime(1970, 1, 1, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as a value: `path` is an endpoint's, `ids` go where it has braces.

    `actor` is the name under which what is done goes into the history; `token` says
    what may be done.
    """

    method: str
    path: str
    actor: str
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    token: Token = OWNER


async def answer(
    endpoints: Iterable[AnyEndpoint],
    question: Question,
    mask: Callable[[str], str],
) -> BaseModel:
    """Answer a question by the endpoint that it names.

    Raises ScopeMissingError, IdMalformedError, RequestInvalidError and whatever the
    endpoint raises.
    """
    from bot.api.endpoint import Call, masked  # noqa: PLC0415  # heavy, see above
    from bot.api.requests import check_scope, path_of, validated  # noqa: PLC0415  # as above

    for one in endpoints:
        if (one.method, one.path) == (question.method, question.path):
            check_scope(question.token, one.scope)
            body = validated(one.body, dict(question.body), "body")
            call = Call(
                token=question.token,
                actor=question.actor,
                path=path_of(dict(question.ids)),
                query=validated(one.query, dict(question.query), "query"),
                body=masked(body, mask),
            )
            return await one.act(call)
    raise KeyError(question.path)
