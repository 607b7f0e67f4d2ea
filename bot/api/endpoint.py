"""One endpoint: who may call it, what goes in, what comes out, what is refused."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bot.api.matching import ANY, IfMatch
from core.access.tokens import Scope, Token
from core.errors import NofxError


class Incoming(BaseModel):
    """What comes with a request; what nobody knows is refused, not passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Incoming):
    """A query or a body in which there is nothing to say."""


class Written(BaseModel):
    """An answer that is no JSON of ours: it carries its own body and media type.

    `headers` stand beside those of every answer.
    """

    model_config = ConfigDict(frozen=True)

    body: str
    media_type: str
    headers: dict[str, str] = Field(default_factory=dict)


Q = TypeVar("Q", bound=Incoming)
B = TypeVar("B", bound=Incoming)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Q, B]):
    """A request that was understood: the caller's token, ids from the path, values.

    `actor` is the name under which what is done goes into the history. `if_match` is
    what the caller has seen; it allows everything where that was not said.
    """

    token: Token
    actor: str
    path: dict[str, str]
    query: Q
    body: B
    if_match: IfMatch = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[Q, B]):
    """A method on a path, and the call that answers it.

    `refusals` are the errors, beside those of every request, that a caller should be
    ready for. `current` tells how things stand after a conflict. A call that makes
    something has `makes`, the path of what its answer names. One that is `conditional`
    reads If-Match; `etag` gives the version, in quotes, that its answer shows. What it
    answers as Written has one of the media types in `written`, each with its schema.
    """

    method: str
    path: str
    scope: Scope
    summary: str
    act: Callable[[Call[Q, B]], Awaitable[BaseModel]]
    answer: type[BaseModel]
    query: type[Q]
    body: type[B]
    status: int = 200
    refusals: Sequence[type[NofxError]] = ()
    current: Callable[[Call[Q, B]], Awaitable[BaseModel]] | None = None
    makes: Callable[[BaseModel], str] | None = None
    conditional: bool = False
    etag: Callable[[BaseModel], str] | None = None
    written: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def masked(body: B, mask: Callable[[str], str]) -> B:
    """Return a body whose reason holds no secret: it is kept, and others read it."""
    reason = getattr(body, "reason", None)
    return body.model_copy(update={"reason": mask(reason)}) if reason else body


def get(  # noqa: PLR0913  # one argument a fact
    path: str,
    act: Callable[[Call[Q, Nothing]], Awaitable[BaseModel]],
    *,
    summary: str,
    answer: type[BaseModel],
    query: type[Q],
    scope: Scope = Scope.READ,
    refusals: Sequence[type[NofxError]] = (),
    etag: Callable[[BaseModel], str] | None = None,
    written: Mapping[str, Mapping[str, Any]] | None = None,
) -> Endpoint[Q, Nothing]:
    """Return an endpoint that reads and changes nothing."""
    return Endpoint(
        method="GET",
        path=path,
        scope=scope,
        summary=summary,
        act=act,
        answer=answer,
        query=query,
        body=Nothing,
        refusals=refusals,
        etag=etag,
        written=written or {},
    )


def post(  # noqa: PLR0913  # one argument a fact
    path: str,
    act: Callable[[Call[Nothing, B]], Awaitable[BaseModel]],
    *,
    scope: Scope,
    summary: str,
    body: type[B],
    answer: type[BaseModel],
    refusals: Sequence[type[NofxError]],
    current: Callable[[Call[Nothing, B]], Awaitable[BaseModel]] | None = None,
    makes: Callable[[BaseModel], str] | None = None,
) -> Endpoint[Nothing, B]:
    """Return an endpoint that changes something; 201 when it makes something."""
    return Endpoint(
        method="POST",
        path=path,
        scope=scope,
        summary=summary,
        act=act,
        answer=answer,
        query=Nothing,
        body=body,
        status=201 if makes is not None else 200,
        refusals=refusals,
        current=current,
        makes=makes,
    )
