"""When an answer of GitHub means "wait", and for how long."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from secrets import SystemRandom

FORBIDDEN, TOO_MANY = 403, 429
SECONDARY_FLOOR_SECONDS = 60.0
SECONDARY_WORDS = ("secondary rate limit", "abuse detection", "secondary-rate-limits")


class LimitKind(StrEnum):
    """GitHub's two limits: an hourly budget, and protection against bursts."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read to its end; the keys of `headers` may be in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a client is.

    `attempts` counts the first try too. `backoff_seconds` doubles with each attempt.
    A call sleeps at most `patience_seconds` in all for GitHub's limits. Writes of one
    installation start at least `write_spacing_seconds` apart. `page_limit` bounds
    lists, in pages of 100; `body_limit` bounds one answer, in bytes. `jitter` returns
    numbers between 0 and 1.
    """

    timeout_seconds: float = 30.0
    attempts: int = 4
    backoff_seconds: float = 1.0
    patience_seconds: float = 90.0
    write_spacing_seconds: float = 1.0
    page_limit: int = 100
    body_limit: int = 100_000_000
    jitter: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """GitHub wants silence of this `kind` for `seconds`."""

    kind: LimitKind
    seconds: float


def pause(answer: Answer, *, now: datetime, refusals: int) -> Pause | None:
    """Return how long to be silent after this answer, or None when it is no limit.

    `refusals` counts the limits met before by the same call; it doubles the wait of
    a secondary limit that names none. The reset is read against GitHub's own `Date`,
    so that a wrong clock here does not matter.
    Source: GitHub's "Best practices for using the REST API", on rate limit errors.
    """
    headers = {key.lower(): value for key, value in answer.headers.items()}
    spent = headers.get("x-ratelimit-remaining") == "0"
    if answer.status == 200:  # noqa: PLR2004 - GraphQL tells its limit with HTTP's plain OK
        limited = spent and _names_graphql_limit(answer.body)
    else:
        limited = answer.status in (FORBIDDEN, TOO_MANY) and (
            spent
            or answer.status == TOO_MANY
            or "retry-after" in headers
            or _names_secondary_limit(answer.body)
        )
    if not limited:
        return None
    kind = LimitKind.PRIMARY if spent else LimitKind.SECONDARY
    return Pause(kind=kind, seconds=_wait(headers, spent=spent, now=now, nth=refusals))


def backoff(policy: Policy, failures: int) -> float:
    """Return the seconds to wait after the nth failure (from 1), spread by half."""
    step: float = policy.backoff_seconds * 2.0 ** (failures - 1)
    return step * (0.5 + policy.jitter())


def _wait(headers: Mapping[str, str], *, spent: bool, now: datetime, nth: int) -> float:
    retry_after = headers.get("retry-after", "")
    if retry_after.isdecimal():
        return max(1.0, float(retry_after))
    reset = headers.get("x-ratelimit-reset", "")
    if spent and reset.isdecimal():
        then = _server_time(headers, now).timestamp()
        return max(1.0, float(reset) - then)
    return SECONDARY_FLOOR_SECONDS * 2.0**nth


def _server_time(headers: Mapping[str, str], now: datetime) -> datetime:
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return now


def _names_secondary_limit(body: bytes) -> bool:
    text = body[:10_000].decode("utf-8", "replace").lower()
    return any(words in text for words in SECONDARY_WORDS)


def _names_graphql_limit(body: bytes) -> bool:
    if b"RATE_LIMITED" not in body:
        return False
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return isinstance(errors, list) and any(
        isinstance(error, dict) and error.get("type") == "RATE_LIMITED"
        for error in errors
    )


def until(now: datetime, seconds: float) -> datetime:
    """Return the moment `seconds` after `now`."""
    return now + timedelta(seconds=seconds)
