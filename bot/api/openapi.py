"""`GET /openapi.json`: the API described by what it is made of (OpenAPI 3.1)."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bot.api.described import Described
from bot.api.endpoint import Nothing
from bot.api.matching import HEADER as IF_MATCH
from bot.api.matching import NONE_MATCH
from bot.api.problems import MEDIA_TYPE, Problem, status_of
from bot.api.requests import IDS
from bot.api.serving import AnyEndpoint
from bot.request_ids import HEADER, SAFE
from bot.version import running_version
from core.access.tokens import Scope
from core.errors import (
    BodyMalformedError,
    BodySlowError,
    BodyTooLargeError,
    BodyTypeError,
    IdMalformedError,
    NofxError,
    PreconditionError,
    RequestInvalidError,
    ScopeMissingError,
    StoreUnavailableError,
    TokenMissingError,
    TokenRefusedError,
)

JSON = dict[str, Any]
REF = "#/components/schemas/{model}"
EVERY = (TokenMissingError, TokenRefusedError, ScopeMissingError, StoreUnavailableError)
WITH_BODY = (BodyMalformedError, BodySlowError, BodyTooLargeError, BodyTypeError)
NAMED: JSON = {
    HEADER: {
        "description": "The caller's id for the request if it has a safe form, or ours;"
        " lines of the log have it as `request_id`.",
        "schema": {"type": "string", "pattern": f"^{SAFE.pattern}$"},
    }
}
CONDITION: JSON = {
    "name": IF_MATCH,
    "in": "header",
    "required": False,
    "description": "The ETags of what the caller has seen; if there is another by now,"
    " nothing is done (412).",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[^"]*"(, ?(W/)?"[^"]*")*)$'},
    "example": '"7"',
}
UNCHANGED: JSON = {
    "304": {
        "description": f"It is the version that {NONE_MATCH} names.",
        "headers": NAMED,
    }
}
DESCRIPTION = (
    "Runs, their checkpoints, gates and effects. Every request shows a bearer token;"
    " scopes include those before them: " + " < ".join(Scope) + ". What a token may"
    " not see is not there (404)."
)


def document(
    endpoints: Sequence[AnyEndpoint], beside: Sequence[Described] = ()
) -> JSON:
    """Return the OpenAPI document of these endpoints, and of what is beside them."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (Problem, "serialization"): None
    }
    for one in endpoints:
        models[one.answer, "serialization"] = None
        models[one.query, "validation"] = None
        models[one.body, "validation"] = None
    for other in beside:
        models[other.query, "validation"] = None
        models[other.body, "validation"] = None
        models.update(dict.fromkeys((one, "serialization") for one in other.shapes))
    names, found = models_json_schema(list(models), ref_template=REF)
    schemas: JSON = found["$defs"]
    paths: JSON = {}
    for one in endpoints:
        query = _name(names[one.query, "validation"])
        operation = {
            "operationId": _operation_id(one.method, one.path),
            "summary": one.summary,
            "security": [{"token": [str(one.scope)]}],
            "parameters": [
                *_in_path(one.path),
                *_in_query(schemas[query]),
                *([CONDITION] if one.conditional else []),
            ],
            "responses": {
                str(one.status): _success(one, names[one.answer, "serialization"]),
                **(UNCHANGED if one.method == "GET" and one.etag is not None else {}),
                **_refusals(one),
            },
        }
        if one.body is not Nothing:
            operation["requestBody"] = _body(one, names[one.body, "validation"])
        paths.setdefault(one.path, {})[one.method.lower()] = operation
    for other in beside:
        parameters = schemas[_name(names[other.query, "validation"])]
        operation = _beside(other, parameters)
        if other.body is not Nothing:
            operation["requestBody"] = _body(other, names[other.body, "validation"])
        paths.setdefault(other.path, {})[other.method.lower()] = operation
    queries = {one.query for one in endpoints} | {one.query for one in beside}
    for query in {_name(names[one, "validation"]) for one in queries}:
        schemas.pop(query)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nofx",
            "version": running_version(),
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "From `nofx token create`.",
                },
                "workflow": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "GitHub Actions' token of a job, whose audience is"
                    " the address of this nofx.",
                },
            },
        },
    }


def _name(reference: JSON) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _operation_id(method: str, path: str) -> str:
    return "_".join([method.lower(), *re.findall(r"\w+", path)])


def _beside(one: Described, query: JSON) -> JSON:
    public = TokenMissingError not in one.refusals
    good = {
        status: {**each, "headers": {**NAMED, **each.get("headers", {})}}
        for status, each in one.answers.items()
    }
    return {
        "operationId": _operation_id(one.method, one.path),
        "summary": one.summary,
        "security": [] if public else [_security(one)],
        "parameters": [*_in_path(one.path), *_in_query(query), *one.headers],
        "responses": {**good, **_by_status(one.refusals)},
    }


def _security(one: Described) -> JSON:
    """Return what a caller shows; scopes are of our own tokens alone."""
    return {one.security: [str(one.scope)] if one.security == "token" else []}


def _in_path(path: str) -> Iterable[JSON]:
    for name in re.findall(r"{(\w+)}", path):
        schema = {"type": "string", "pattern": IDS[name].pattern}
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The id of a {IDS[name].noun}.",
            "schema": schema,
            "example": IDS[name].example,
        }


def _in_query(schema: JSON) -> Iterable[JSON]:
    needed = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        shown = {key: value for key, value in part.items() if key != "title"}
        text = shown.pop("description", None)
        yield {
            "name": name,
            "in": "query",
            "required": name in needed,
            **({"description": text} if text else {}),
            "schema": _without_null(shown),
        }


def _without_null(schema: JSON) -> JSON:
    """Return the schema of what can be written: a query leaves out, it has no null."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if rest.get("default", ...) is None:
        rest.pop("default")
    match choices:
        case []:
            return rest
        case [only]:
            return {**rest, **only}
        case _:
            return {**rest, "anyOf": choices}


def _success(one: AnyEndpoint, schema: JSON) -> JSON:
    text = (one.answer.__doc__ or "").strip().partition("\n")[0]
    headers = dict(NAMED)
    if one.makes is not None:
        headers["Location"] = {
            "description": "The path of what was made.",
            "schema": {"type": "string"},
        }
    if one.etag is not None:
        headers["ETag"] = {
            "description": "The version of what is answered.",
            "schema": {"type": "string"},
        }
    return {
        "description": text,
        "headers": headers,
        "content": {
            "application/json": {"schema": schema},
            **{kind: {"schema": dict(each)} for kind, each in one.written.items()},
        },
    }


def _body(one: AnyEndpoint | Described, schema: JSON) -> JSON:
    needed = any(field.is_required() for field in one.body.model_fields.values())
    return {
        "required": needed,
        "content": {"application/json": {"schema": schema}},
    }


def _refusals(one: AnyEndpoint) -> JSON:
    kinds: list[type[NofxError]] = [*EVERY, RequestInvalidError, *one.refusals]
    if "{" in one.path:
        kinds.append(IdMalformedError)
    if one.body is not Nothing:
        kinds += WITH_BODY
    if one.conditional:
        kinds.append(PreconditionError)
    return _by_status(kinds)


def _by_status(kinds: Iterable[type[NofxError]]) -> JSON:
    by_status: dict[int, list[type[NofxError]]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(status_of(kind), []).append(kind)
    answers = {
        str(status): _problem(" ".join(_first(kind) for kind in of_it))
        for status, of_it in sorted(by_status.items())
    }
    bug = f"{HTTPStatus.INTERNAL_SERVER_ERROR.phrase}: a bug, with its number."
    return {**answers, "500": _problem(bug)}


def _problem(text: str) -> JSON:
    return {
        "description": text,
        "headers": NAMED,
        "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}},
    }


def _first(kind: type[NofxError]) -> str:
    return (kind.__doc__ or "").partition("\n")[0].partition(": HTTP")[0].rstrip(
        "."
    ) + "."
