"""When GitHub asks for a wait, it is recognised, and waited for as long as asked."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.limits import Answer, LimitKind, Pause, Policy, backoff, pause

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RESET = int(NOW.timestamp()) + 30


def seen(
    status: int, headers: dict[str, str], body: bytes = b"{}", refusals: int = 0
) -> Pause | None:
    """Ask what an answer means at nine o'clock."""
    answer = Answer(status=status, headers=headers, body=body)
    return pause(answer, now=NOW, refusals=refusals)


def test_a_spent_budget_waits_for_the_reset() -> None:
    """The hourly limit ends at its reset, 30 seconds from now."""
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(RESET)}
    assert seen(403, headers) == Pause(kind=LimitKind.PRIMARY, seconds=30)


def test_the_reset_is_read_against_githubs_own_clock() -> None:
    """Our clock may be wrong: GitHub's `Date` is 20 seconds before its reset."""
    headers = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(RESET),
        "date": "Mon, 23 Nov 2026 09:00:10 GMT",
    }
    assert seen(429, headers) == Pause(kind=LimitKind.PRIMARY, seconds=20)


def test_retry_after_wins_over_everything() -> None:
    """What GitHub names is what is waited."""
    headers = {
        "retry-after": "7",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(RESET),
    }
    assert seen(403, headers) == Pause(kind=LimitKind.PRIMARY, seconds=7)


@pytest.mark.parametrize(
    "body",
    [
        b'{"message": "You have exceeded a secondary rate limit."}',
        b'{"message": "You have triggered an abuse detection mechanism."}',
        b'{"documentation_url": "https://docs.github.com/#secondary-rate-limits"}',
    ],
)
def test_a_secondary_limit_without_a_time_waits_a_minute_and_doubles(
    body: bytes,
) -> None:
    """GitHub asks for at least a minute, and more after each refusal."""
    waits = [seen(403, {}, body, refusals=count) for count in range(3)]
    assert [wait.seconds for wait in waits if wait] == [60, 120, 240]
    assert {wait.kind for wait in waits if wait} == {LimitKind.SECONDARY}


def test_too_many_requests_is_a_limit_whatever_it_says() -> None:
    """429 alone is enough."""
    assert seen(429, {}) == Pause(kind=LimitKind.SECONDARY, seconds=60)


def test_a_missing_permission_is_no_limit() -> None:
    """A plain 403 must not be waited for: it will not change."""
    body = b'{"message": "Resource not accessible by integration"}'
    assert seen(403, {"x-ratelimit-remaining": "4999"}, body) is None


def test_graphql_says_its_limit_with_status_200() -> None:
    """The type is in the errors; the words alone in a title are nothing."""
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(RESET)}
    limited = b'{"errors": [{"type": "RATE_LIMITED"}]}'
    assert seen(200, spent, limited) == Pause(kind=LimitKind.PRIMARY, seconds=30)
    assert seen(200, spent, b'{"title": "RATE_LIMITED"}') is None
    assert seen(200, spent, b"RATE_LIMITED, not JSON") is None
    assert seen(200, spent, b'["RATE_LIMITED"]') is None
    assert seen(200, spent, b"{}") is None
    assert seen(200, {"x-ratelimit-remaining": "1"}, limited) is None


def test_nonsense_in_headers_falls_back_to_a_minute() -> None:
    """A date where seconds are expected, a reset that is no number."""
    headers = {
        "retry-after": "Mon, 23 Nov 2026 09:00:10 GMT",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "soon",
        "date": "today",
    }
    assert seen(403, headers) == Pause(kind=LimitKind.PRIMARY, seconds=60)
    headers["x-ratelimit-reset"] = str(RESET)
    assert seen(403, headers) == Pause(kind=LimitKind.PRIMARY, seconds=30)


@given(
    status=st.sampled_from([403, 429]),
    retry_after=st.one_of(st.none(), st.text(max_size=5), st.integers(-5, 10**6)),
    reset=st.one_of(st.none(), st.text(max_size=5), st.integers(-5, 10**12)),
    refusals=st.integers(0, 10),
)
def test_a_limit_never_means_no_wait(
    status: int, retry_after: object, reset: object, refusals: int
) -> None:
    """Whatever the headers hold, a limit is waited for by a second or more."""
    headers = {"x-ratelimit-remaining": "0"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    if reset is not None:
        headers["x-ratelimit-reset"] = str(reset)
    wait = seen(status, headers, refusals=refusals)
    assert wait is not None
    assert wait.seconds >= 1


@given(failures=st.integers(1, 8), spread=st.floats(0, 1))
def test_backoff_doubles_and_is_spread_by_half(failures: int, spread: float) -> None:
    """Many clients that failed together do not come back together."""
    step = 2.0 ** (failures - 1)
    wait = backoff(Policy(jitter=lambda: spread), failures)
    assert step * 0.5 <= wait <= step * 1.5


def test_the_default_spread_is_random() -> None:
    """Two clients draw different waits."""
    assert len({backoff(Policy(), 1) for _ in range(20)}) > 1
