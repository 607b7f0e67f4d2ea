"""What a handler gives back: an answer, or a refusal in GitHub's words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DOCS = "https://docs.github.com/rest"

MEDIA = re.compile(
    r"application/vnd\.github(?:\.v3)?\.(raw|diff|patch|sha|object|html)(?:\+json)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back to the caller: JSON by default, bytes with a type of their own.

    `pages` asks for the part of `body` (a list, or the list under the key `listed`)
    that the query's `page` and `per_page` name.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    pages: bool = False
    listed: str | None = None


class RefusedError(Exception):
    """GitHub says no: a status and the JSON that goes with it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        body: Json = {"message": message, "documentation_url": DOCS}
        if errors is not None:
            body["errors"] = errors
        self.answer = Answer(
            body={**body, "status": str(status)}, status=status, headers=headers or {}
        )


def not_found() -> RefusedError:
    """Return the refusal for what is not there or may not be seen."""
    return RefusedError(404, "Not Found")


def bad_credentials() -> RefusedError:
    """Return the refusal for a token that is unknown or over."""
    return RefusedError(401, "Bad credentials")


def not_permitted() -> RefusedError:
    """Return the refusal for an installation that lacks a permission."""
    return RefusedError(403, "Resource not accessible by integration")


def unprocessable(*errors: str) -> RefusedError:
    """Return the terse refusal that GitHub gives for reviews: no culprit is named."""
    return RefusedError(422, "Unprocessable Entity", errors=list(errors))


def invalid(resource: str, name: str, code: str, message: str = "") -> RefusedError:
    """Return the refusal that names a field, as most of the REST API gives it."""
    error = {"resource": resource, "field": name, "code": code}
    if message:
        error["message"] = message
    return RefusedError(422, "Validation Failed", errors=[error])


def wants(accept: str) -> str | None:
    """Return the media type asked for beside JSON: for example raw or diff."""
    found = MEDIA.search(accept)
    return found.group(1) if found else None
