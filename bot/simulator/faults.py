"""The fault switch: makes chosen requests go wrong in the ways GitHub does."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from bot.simulator.answers import RefusedError
from core.errors import UnknownFaultError

Kind = Literal[
    "401",
    "403",
    "404",
    "422",
    "429",
    "500",
    "502",
    "503",
    "secondary_limit",
    "primary_limit",
    "slow",
    "drop",
    "timeout_after_commit",
    "lost_response",
    "502_after_commit",
]
AFTER: tuple[Kind, ...] = ("timeout_after_commit", "lost_response", "502_after_commit")
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you"
    " try again."
)

REFUSALS: dict[Kind, tuple[int, str]] = {
    "401": (401, "Bad credentials"),
    "403": (403, "Resource not accessible by integration"),
    "404": (404, "Not Found"),
    "422": (422, "Validation Failed"),
    "429": (429, SECONDARY),
    "500": (500, "Server Error"),
    "502": (502, "Server Error"),
    "503": (503, "Service Unavailable"),
    "secondary_limit": (403, SECONDARY),
    "primary_limit": (403, "API rate limit exceeded for installation."),
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One rule: after `skip`, the next `times` requests of a method and path go wrong.

    `path` is a regular expression searched in the path below the API root (GraphQL's
    is `/graphql`); `seconds` is the wait to ask for, or how slow to be, and `words` are
    what a refusal says in place of its own.
    """

    method: str | None
    path: re.Pattern[str]
    kind: Kind
    times: int
    seconds: float | None
    words: str | None = None
    skip: int = 0

    def refusal(self, now: float) -> RefusedError:
        """Return the answer of a fault that refuses."""
        wait = 60 if self.seconds is None else self.seconds
        status, message = REFUSALS[self.kind]
        headers = {}
        if self.kind in ("429", "secondary_limit"):
            headers["Retry-After"] = f"{wait:g}"
        if self.kind == "primary_limit":
            headers["X-RateLimit-Remaining"] = "0"
            headers["X-RateLimit-Reset"] = str(int(now + wait))
        return RefusedError(status, self.words or message, headers=headers)


class Faults:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(
        self,
        *,
        kind: Kind,
        method: str | None = None,
        path: str = "",
        times: int = 1,
        seconds: float | None = None,
        words: str | None = None,
        skip: int = 0,
    ) -> Fault:
        """Make the next `times` matching requests fail in the way that `kind` names.

        `skip` lets so many of them pass before.

        Raises UnknownFaultError for a kind that is none.
        """
        if kind not in get_args(Kind):
            raise UnknownFaultError(kind=kind, kinds=", ".join(get_args(Kind)))
        rule = Fault(
            method=method.upper() if method else None,
            path=re.compile(path),
            kind=kind,
            times=times,
            seconds=seconds,
            words=words,
            skip=skip,
        )
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Take all rules back."""
        self._rules.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first rule that this request meets, used up once."""
        for rule in self._rules:
            fits = rule.method in (None, method) and rule.path.search(path)
            if rule.times > 0 and fits:
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.times -= 1
                return rule
        return None
