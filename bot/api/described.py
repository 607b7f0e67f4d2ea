"""What is answered beside the endpoints, for the API's description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.api.endpoint import Incoming, Nothing
from bot.api.stream_query import HEADER, RunStreamQuery, StreamQuery
from core.access.tokens import Scope
from core.errors import (
    IdMalformedError,
    MemoryKeyError,
    MemoryOffError,
    NofxError,
    RequestInvalidError,
    RunNotFoundError,
    ScopeMissingError,
    SessionNotFoundError,
    StoreUnavailableError,
    TokenMissingError,
    TokenRefusedError,
)
from core.feed.envelope import SCHEMA_PATH

JSON = dict[str, Any]
LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A GET that streams, or that needs no token; `answers` are those that are good."""

    path: str
    summary: str
    answers: Mapping[str, JSON]
    query: type[Incoming] = Nothing
    headers: Sequence[JSON] = ()
    refusals: Sequence[type[NofxError]] = field(default=())
    scope: Scope = Scope.READ


STREAM = {
    "description": "Server-sent events: each message is an event in its envelope, its"
    " `id` the position; frames named `stream.*` tell of the stream. When there is no"
    " room, or the database is away, only `retry`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
LAST_EVENT_ID: JSON = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The last position that the client has; what follows it is sent.",
    "schema": {"type": "string"},
}
REFUSALS = (
    TokenMissingError,
    TokenRefusedError,
    ScopeMissingError,
    RequestInvalidError,
)
BESIDE = (
    Described(
        path="/events/stream",
        summary="Stream events as they happen",
        answers={"200": STREAM},
        query=StreamQuery,
        headers=(LAST_EVENT_ID,),
        refusals=REFUSALS,
    ),
    Described(
        path="/runs/{run_id}/events/stream",
        summary="Stream one run's events to its end",
        answers={
            "200": STREAM,
            "204": {"description": "The run is over, and the client has all of it."},
        },
        query=RunStreamQuery,
        headers=(LAST_EVENT_ID,),
        refusals=(*REFUSALS, RunNotFoundError, IdMalformedError),
    ),
    Described(
        path="/sessions/{session_id}/export",
        summary="Download a session with its contents; the audit tells who did",
        answers={
            "200": {
                "description": "A JSON document a line; without a last one of the type"
                " `end` it is not all of it.",
                "content": {LINES: {"schema": {"type": "string"}}},
            }
        },
        refusals=(
            *REFUSALS,
            IdMalformedError,
            SessionNotFoundError,
            MemoryOffError,
            MemoryKeyError,
            StoreUnavailableError,
        ),
        scope=Scope.SUPERVISE,
    ),
    Described(
        path=SCHEMA_PATH,
        summary="Describe every event, as JSON Schema",
        answers={
            "200": {
                "description": "The schema of every event and frame.",
                "content": {"application/schema+json": {"schema": {"type": "object"}}},
            }
        },
    ),
)
