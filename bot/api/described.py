"""What is answered beside the endpoints, for the API's description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from bot.api.answers.dry_runs import DryRunAwaited, DryRunDetail
from bot.api.answers.rca import BundleAwaited, BundleDetail
from bot.api.config_schema import PATH as CONFIG_PATH
from bot.api.dry_runs import PATH as DRY_RUN
from bot.api.dry_runs import DryRunBody, DryRunQuery
from bot.api.endpoint import Incoming, Nothing
from bot.api.rca_query import BundleQuery
from bot.api.stream_query import HEADER, RunStreamQuery, StreamQuery
from core.access.tokens import Scope
from core.errors import (
    AppNotInstalledError,
    AudienceMissingError,
    BodyMalformedError,
    BodySlowError,
    BodyTooLargeError,
    BodyTypeError,
    BundleDamagedError,
    BundleFailedError,
    BundleNotFoundError,
    DryRunEndedError,
    GitHubUnavailableError,
    IdMalformedError,
    MemoryKeyError,
    MemoryOffError,
    NofxError,
    NotReviewedError,
    PublisherMissingError,
    RangeError,
    RequestInvalidError,
    RunNotFoundError,
    ScopeMissingError,
    SessionNotFoundError,
    SigningKeysUnavailableError,
    StoreUnavailableError,
    TokenMissingError,
    TokenRefusedError,
    TooManyDryRunsError,
    WorkflowForbiddenError,
    WorkflowTokenRefusedError,
)
from core.feed.envelope import SCHEMA_PATH

JSON = dict[str, Any]
LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What streams, or needs no token; `answers` are those that are good.

    An answer that names `headers` has them beside those of every answer; `shapes` are
    the models that answers refer to by name. `security` is the kind of token.
    """

    path: str
    summary: str
    answers: Mapping[str, JSON]
    query: type[Incoming] = Nothing
    headers: Sequence[JSON] = ()
    refusals: Sequence[type[NofxError]] = field(default=())
    scope: Scope = Scope.READ
    method: str = "GET"
    shapes: Sequence[type[BaseModel]] = ()
    body: type[Incoming] = Nothing
    security: str = "token"


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
DIGEST: JSON = {
    "X-Checksum-Sha256": {
        "description": "The SHA-256 of the whole file, in hex; its ETag has it too.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
    "Repr-Digest": {
        "description": "The same as RFC 9530 writes it.",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "The version, for If-Range and If-None-Match.",
        "schema": {"type": "string"},
    },
}
FILE: JSON = {
    "headers": DIGEST,
    "content": {"application/gzip": {"schema": {"type": "string"}}},
}
RANGE: JSON = {
    "name": "Range",
    "in": "header",
    "required": False,
    "description": "One range of bytes (RFC 9110); what is no such range is passed"
    " over.",
    "schema": {"type": "string"},
}
KNOWN: JSON = {"description": "The client has this version.", "content": {}}
BUNDLE_REFUSALS = (
    *REFUSALS,
    IdMalformedError,
    RunNotFoundError,
    BundleNotFoundError,
    StoreUnavailableError,
)


def _json(model: type[BaseModel]) -> JSON:
    """Return the answer that a model describes."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {
        "description": (model.__doc__ or "").partition("\n")[0],
        "content": {"application/json": {"schema": schema}},
    }


BESIDE = (
    Described(
        method="POST",
        path=DRY_RUN,
        summary="Review a pull request for a workflow, and post nothing",
        answers={"200": _json(DryRunDetail), "202": _json(DryRunAwaited)},
        query=DryRunQuery,
        body=DryRunBody,
        security="workflow",
        refusals=(
            TokenMissingError,
            WorkflowTokenRefusedError,
            WorkflowForbiddenError,
            AppNotInstalledError,
            NotReviewedError,
            DryRunEndedError,
            TooManyDryRunsError,
            RequestInvalidError,
            BodyMalformedError,
            BodySlowError,
            BodyTooLargeError,
            BodyTypeError,
            AudienceMissingError,
            SigningKeysUnavailableError,
            PublisherMissingError,
            GitHubUnavailableError,
            StoreUnavailableError,
        ),
        shapes=(DryRunDetail, DryRunAwaited),
    ),
    Described(
        method="POST",
        path="/runs/{run_id}/rca",
        summary="Build the bundle that tells why a run came out as it did",
        answers={
            "200": _json(BundleDetail),
            "201": _json(BundleDetail),
            "202": _json(BundleAwaited),
        },
        refusals=(
            *REFUSALS,
            IdMalformedError,
            RunNotFoundError,
            BodyMalformedError,
            BodySlowError,
            BodyTooLargeError,
            BodyTypeError,
            BundleFailedError,
            StoreUnavailableError,
        ),
        scope=Scope.OPERATE,
        shapes=(BundleDetail, BundleAwaited),
    ),
    Described(
        path="/runs/{run_id}/rca",
        summary="Download a run's bundle; the audit tells who did",
        answers={
            "200": {**FILE, "description": "The file."},
            "206": {**FILE, "description": "The range of the file."},
            "304": KNOWN,
        },
        query=BundleQuery,
        headers=(RANGE,),
        refusals=(*BUNDLE_REFUSALS, RangeError),
        scope=Scope.OPERATE,
    ),
    Described(
        path="/runs/{run_id}/rca/report",
        summary="Read the report of a run's bundle",
        answers={
            "200": {
                "description": "The report.",
                "content": {"text/markdown": {"schema": {"type": "string"}}},
            },
            "304": KNOWN,
        },
        query=BundleQuery,
        refusals=(*BUNDLE_REFUSALS, BundleDamagedError),
        scope=Scope.OPERATE,
    ),
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
        path=CONFIG_PATH,
        summary="Describe .github/nofx.yml, as JSON Schema",
        answers={
            "200": {
                "description": "The schema of a repository's own configuration.",
                "content": {"application/schema+json": {"schema": {"type": "object"}}},
            }
        },
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
