"""One request as the handlers see it, and the table row that leads to a handler."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from bot.simulator.answers import (
    Answer,
    Json,
    RefusedError,
    bad_credentials,
    invalid,
    not_found,
)
from bot.simulator.auth import Actor
from bot.simulator.limits import RateLimits
from bot.simulator.records import IssueComment, Pull, Repository, ReviewComment
from bot.simulator.webhooks import Webhooks
from bot.simulator.world import World

Dated = TypeVar("Dated", IssueComment, ReviewComment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: path parameters, query, JSON body, and who makes it."""

    world: World
    hooks: Webhooks
    limits: RateLimits
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    accept: str
    caller: Actor | None

    @property
    def actor(self) -> Actor:
        """Return who calls; only routes that ask for nobody have none."""
        if self.caller is None:
            raise bad_credentials()
        return self.caller

    @property
    def repository(self) -> Repository:
        """Return the repository of the path; 404 when the token does not reach it."""
        name = f"{self.params['owner']}/{self.params['repo']}"
        found = self.world.repository(name)
        if self.actor.token is not None and not self.actor.covers(found):
            raise not_found()
        return found

    @property
    def pull(self) -> Pull:
        """Return the pull request of the path, or 404."""
        number = self.number("pull_number")
        return self.world.pull(self.repository.full_name, number)

    def number(self, name: str) -> int:
        """Return a number of the path; 404 when it is none."""
        value = self.params[name]
        if not value.isascii() or not value.isdigit():
            raise not_found()
        return int(value)

    def since(self, comments: Sequence[Dated]) -> list[Dated]:
        """Return the comments changed at or after the time that the query names."""
        wanted = self.query.get("since")
        if not wanted:
            return list(comments)
        try:
            moment = datetime.fromisoformat(wanted)
        except ValueError as error:
            raise RefusedError(422, f"{wanted} is not a date-time.") from error
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return [one for one in comments if one.updated_at >= aware]

    def text(self, name: str, resource: str, longest: int = 65_536) -> str:
        """Return a text that the body must hold, refused when missing or too long."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value.strip():
            raise invalid(resource, name, "missing_field")
        if len(value) > longest:
            message = f"{name} is too long (maximum is {longest} characters)"
            raise invalid(resource, name, "custom", message)
        return value


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which handler answers a method and path, and who may call it.

    `needs` are permissions of which one is enough, such as `checks:write`.
    """

    method: str
    path: str
    handler: Handler
    by: Literal["app", "installation", "either", "anyone"] = "installation"
    needs: tuple[str, ...] = ()
