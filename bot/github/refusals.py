"""GitHub's refusals, told as nofx's errors with a way out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import gidgethub

from core.errors import (
    GitHubConflictError,
    GitHubCredentialsError,
    GitHubInvalidError,
    GitHubNotFoundError,
    GitHubPermissionError,
    GitHubRefusedError,
    GitHubUnavailableError,
    NofxError,
    UnclearAnswerError,
)

NEEDED_HEADER = "x-accepted-github-permissions"
GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


@contextmanager
def explained(method: str, path: str, *, writes: bool) -> Iterator[None]:
    """Turn what gidgethub raises inside into errors that name `method` and `path`.

    An answer that cannot be decoded is unclear for a write, else GitHub is unavailable.
    """
    try:
        yield
    except gidgethub.GraphQLException as error:
        raise _graphql_refusal(path, error) from error
    except gidgethub.HTTPException as error:
        raise refusal(method, path, error) from error
    except ValueError as error:
        reason = f"its answer cannot be read ({error})"
        kind = UnclearAnswerError if writes else GitHubUnavailableError
        raise kind(method=method, path=path, reason=reason) from error


def refusal(method: str, path: str, error: gidgethub.HTTPException) -> NofxError:
    """Return the error that says what GitHub's status means and what to do."""
    status, reason = error.status_code, str(error)
    if status in GONE:
        return GitHubNotFoundError(method=method, path=path, status=int(status))
    if status == HTTPStatus.CONFLICT:
        return GitHubConflictError(
            method=method, path=path, status=int(status), reason=reason
        )
    if status == HTTPStatus.FORBIDDEN:
        return GitHubPermissionError(
            method=method,
            path=path,
            status=int(status),
            reason=reason,
            needed=needed_permissions(error.headers),
        )
    kinds: dict[int, type[GitHubRefusedError]] = {
        HTTPStatus.UNAUTHORIZED: GitHubCredentialsError,
        HTTPStatus.UNPROCESSABLE_ENTITY: GitHubInvalidError,
    }
    kind = kinds.get(status, GitHubRefusedError)
    return kind(method=method, path=path, status=int(status), reason=reason)


def needed_permissions(headers: Mapping[str, str]) -> str:
    """Return what would have been enough, as `pull_requests: write and …, or …`.

    GitHub writes `a=write,b=read; c=write`: `;` between ways, `,` within one.
    """
    lowered = {key.lower(): value for key, value in headers.items()}
    ways = [
        " and ".join(part.strip().replace("=", ": ") for part in way.split(","))
        for way in lowered.get(NEEDED_HEADER, "").split(";")
        if way.strip()
    ]
    return ", or ".join(ways) or "a permission that GitHub does not name"


def _graphql_refusal(path: str, error: gidgethub.GraphQLException) -> NofxError:
    reason, kind = str(error), _graphql_type(error.response)
    if kind == "NOT_FOUND":
        return GitHubNotFoundError(
            method="POST", path=path, status=int(HTTPStatus.NOT_FOUND)
        )
    if kind == "FORBIDDEN":
        return GitHubPermissionError(
            method="POST",
            path=path,
            status=int(HTTPStatus.FORBIDDEN),
            reason=reason,
            needed=needed_permissions({}),
        )
    if isinstance(error, gidgethub.GraphQLAuthorizationFailure):
        return GitHubCredentialsError(
            method="POST",
            path=path,
            status=int(HTTPStatus.UNAUTHORIZED),
            reason=reason,
        )
    status = getattr(error, "status_code", HTTPStatus.OK)
    return GitHubRefusedError(
        method="POST", path=path, status=int(status), reason=reason
    )


def _graphql_type(response: object) -> str:
    errors = response.get("errors") if isinstance(response, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first.get("type", "")) if isinstance(first, dict) else ""
