"""When a run that met an outage is tried again, and when it is given up: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from core.errors import (
    GitHubUnavailableError,
    NofxError,
    StepTimeoutError,
    StoreUnavailableError,
    UnavailableError,
    UnclearAnswerError,
    code_of,
    kinds_of,
)

# Beyond this the exponential is past any bound, and soon past what a float holds.
STEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a kind of outage is met, and the seconds between: from `base`, doubled.

    No wait is longer than `most`.
    """

    attempts: int = 5
    base: float = 2.0
    most: float = 300.0

    def delay(self, attempt: int, fraction: float) -> float:
        """Return the seconds after the failed `attempt`, which counts from 1.

        `fraction` of the exponential, from 0 to 1: with a random one, runs that failed
        together do not come back together. Source: full jitter in
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
        """
        doubled = self.base * 2.0 ** min(max(attempt - 1, 0), STEEPEST)
        return fraction * min(self.most, doubled)


# An outage passes and costs little to wait for; a step that never ends in time is
# rarely an outage, and each try of it takes a worker for minutes.
BY_ERROR: Mapping[type[UnavailableError], Retry] = MappingProxyType(
    {
        StoreUnavailableError: Retry(attempts=30, base=0.5, most=30.0),
        GitHubUnavailableError: Retry(attempts=12, base=2.0, most=300.0),
        UnclearAnswerError: Retry(attempts=5, base=5.0, most=60.0),
        StepTimeoutError: Retry(attempts=3, base=5.0, most=60.0),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """The policy for each class of outage; `rest` is for those that have none."""

    rest: Retry = field(default_factory=Retry)
    by_error: Mapping[type[UnavailableError], Retry] = field(
        default_factory=lambda: BY_ERROR
    )

    def of(self, error: UnavailableError) -> Retry:
        """Return the policy of the error's class, or of the nearest one above it."""
        return self.by_error.get(self._heading(type(error)), self.rest)

    def attempt(self, error: UnavailableError, before: Iterable[str]) -> int:
        """Return the how manieth it is, from 1, of the errors that have its policy.

        `before` are the codes of those for which the run was put off already.
        """
        kinds = {code_of(kind): kind for kind in kinds_of(UnavailableError)}
        heading = self._heading(type(error))
        return 1 + sum(
            self._heading(kinds[code]) is heading for code in before if code in kinds
        )

    def _heading(self, kind: type[NofxError]) -> type[UnavailableError]:
        """Return the class under which the policy stands; the topmost for `rest`."""
        named = (one for one in kind.__mro__ if one in self.by_error)
        return next(named, UnavailableError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The run is put off until `due_at`; only `back_off` costs one of its attempts."""

    due_at: datetime
    transition: Literal["back_off", "wait_turn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """The run is not tried again, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A try that failed: when, and when the run's time is over.

    `attempt` tells the how manieth it is that met an outage of this policy.
    """

    attempt: int
    now: datetime
    deadline: datetime


def next_try(
    error: UnavailableError, failed: Try, retries: Retries, fraction: float
) -> Later | GivenUp:
    """Decide on a run whose step met an outage.

    An outage that says itself when it ends (`retry_at`) is waited out at no cost, but
    nothing is waited for past the deadline.
    """
    told = error.facts.get("retry_at")
    if isinstance(told, datetime):
        later = Later(due_at=max(told, failed.now), transition="wait_turn")
    else:
        retry = retries.of(error)
        if failed.attempt >= retry.attempts:
            return GivenUp(reason=f"given up after {failed.attempt} attempts")
        delay = timedelta(seconds=retry.delay(failed.attempt, fraction))
        later = Later(due_at=failed.now + delay, transition="back_off")
    if later.due_at >= failed.deadline:
        return GivenUp(reason="given up, for its time is over before the next attempt")
    return later
