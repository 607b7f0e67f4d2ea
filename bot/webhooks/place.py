"""Whom a delivery is about, read from its payload by a few look-ups; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.webhooks.fields import REPOSITORY, FieldError, Fields

ONE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A repository, a pull request in it, the App's installation; each may be unknown.

    What GitHub says of them is taken if it has GitHub's shape, and left out otherwise.
    """

    repository: str | None = None
    pull: int | None = None
    installation_id: int | None = None


NOWHERE = Place()


def place_in(payload: Mapping[str, object]) -> Place:
    """Return whom the payload is about; raises nothing."""
    fields = Fields(payload)
    repository = fields.maybe_text("repository.full_name")
    if repository is not None and REPOSITORY.fullmatch(repository) is None:
        repository = None
    return Place(
        repository=repository,
        pull=_pull(fields) if repository is not None else None,
        installation_id=_number(fields, "installation.id"),
    )


def _pull(fields: Fields) -> int | None:
    """Return the pull request's number; None where there are several, or none."""
    if fields.has("pull_request"):
        return _number(fields, "pull_request.number")
    if fields.has("issue.pull_request"):
        return _number(fields, "issue.number")
    for check in ("check_run", "check_suite"):
        pulls = [*fields.each(f"{check}.pull_requests")]
        if len(pulls) == ONE:
            return _number(pulls[0], "number")
    return None


def _number(fields: Fields, path: str) -> int | None:
    try:
        return fields.maybe_number(path)
    except FieldError:
        return None
