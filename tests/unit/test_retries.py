"""When outages are met again, and when they are given up."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    AnalyzerUnavailableError,
    GitHubRateLimitedError,
    GitHubUnavailableError,
    StepTimeoutError,
    UnavailableError,
)
from core.runs.retries import (
    BY_ERROR,
    GivenUp,
    Later,
    Retries,
    Retry,
    Try,
    next_try,
)
from tests.fakes.clock import NOON

AWAY = GitHubUnavailableError(method="GET", path="/", reason="no route")
SLOW = StepTimeoutError(step="review", seconds=600)
fractions = st.floats(0, 1)
attempts = st.integers(1, 10**6)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 100),
    base=st.floats(0.001, 60),
    most=st.floats(0.001, 3600),
)


def failed(attempt: int = 1, minutes: float = 10**6) -> Try:
    """Return a try that failed at noon, with so many minutes left."""
    deadline = NOON + timedelta(minutes=minutes)
    return Try(attempt=attempt, now=NOON, deadline=deadline)


@given(retry=retries, attempt=attempts, fraction=fractions)
def test_a_delay_is_within_its_bounds(
    retry: Retry, attempt: int, fraction: float
) -> None:
    """It is never negative, never past the cap, and never past the exponential."""
    delay = retry.delay(attempt, fraction)
    assert 0 <= delay <= retry.most
    assert delay <= retry.base * 2.0 ** min(attempt - 1, 1000)


@given(retry=retries, attempt=attempts)
def test_the_longest_delay_doubles_up_to_the_cap(retry: Retry, attempt: int) -> None:
    """Each bound is twice the one before it, or the cap."""
    before, after = retry.delay(attempt, 1), retry.delay(attempt + 1, 1)
    assert after == min(retry.most, 2 * before)


@given(attempt=attempts, fraction=fractions, retry=retries)
def test_attempts_are_counted(attempt: int, fraction: float, retry: Retry) -> None:
    """The last of them is the last."""
    decided = next_try(
        AWAY, failed(attempt), Retries(rest=retry, by_error={}), fraction
    )
    assert isinstance(decided, GivenUp) is (attempt >= retry.attempts)
    if isinstance(decided, Later):
        assert decided.transition == "back_off"
        assert NOON <= decided.due_at <= NOON + timedelta(seconds=retry.most)


@given(
    attempt=attempts,
    fraction=fractions,
    minutes=st.floats(-10, 1000),
    error=st.sampled_from([AWAY, SLOW]),
)
def test_nothing_is_due_at_or_past_the_deadline(
    attempt: int, fraction: float, minutes: float, error: UnavailableError
) -> None:
    """A run is given up rather than put off so far."""
    decided = next_try(error, failed(attempt, minutes), Retries(), fraction)
    if isinstance(decided, Later):
        assert decided.due_at < NOON + timedelta(minutes=minutes)


@given(attempt=attempts, seconds=st.integers(-100, 6000), fraction=fractions)
def test_a_rate_limit_is_waited_out_at_no_cost(
    attempt: int, seconds: int, fraction: float
) -> None:
    """Whatever the attempt, the run is due when GitHub says, and not before now."""
    at = NOON + timedelta(seconds=seconds)
    limited = GitHubRateLimitedError(kind="primary", retry_at=at)
    decided = next_try(limited, failed(attempt, 60), Retries(), fraction)
    if seconds < 3600:
        assert decided == Later(due_at=max(at, NOON), transition="wait_turn")
    else:
        assert isinstance(decided, GivenUp)


def test_each_class_of_outage_has_its_policy() -> None:
    """A class without one takes that of the class above it, or the rest's."""

    class LineBrokenError(GitHubUnavailableError):
        """A kind of its own."""

    policies = Retries()
    broken = LineBrokenError(method="GET", path="/", reason="cut")
    other = AnalyzerUnavailableError(name="ruff", path="/bin/ruff")
    assert policies.of(broken) == BY_ERROR[GitHubUnavailableError]
    assert policies.of(SLOW) == BY_ERROR[StepTimeoutError]
    assert policies.of(other) == policies.rest == Retry()


def test_a_slow_step_is_not_tried_for_as_long_as_an_outage() -> None:
    """It takes a worker each time."""
    assert isinstance(next_try(SLOW, failed(3), Retries(), 1), GivenUp)
    assert isinstance(next_try(AWAY, failed(3), Retries(), 1), Later)
