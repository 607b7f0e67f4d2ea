"""What is told of requests to GitHub, and of what is left of its budgets."""

import gc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.counted import Asking, Budgets, asking
from tests.fakes.measures import Measures


class Identity:
    """One installation, as far as budgets know it."""


def headers(
    remaining: int, *, resource: str = "core", reset: int = 1000, limit: int = 5000
) -> dict[str, str]:
    """Return what GitHub sends along with an answer."""
    return {
        "x-ratelimit-resource": resource,
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-reset": str(reset),
    }


@given(
    left=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 5000)), min_size=1, max_size=20
    )
)
def test_the_lowest_of_what_was_told_last_is_what_counts(
    left: list[tuple[int, int]],
) -> None:
    """Each installation by its last answer; of those the one with the least."""
    budgets = Budgets(now=lambda: 0.0)
    identities = [Identity() for _ in range(4)]
    for who, remaining in left:
        budgets.saw(identities[who], headers(remaining))
    assert budgets.lowest() == {("core",): min(dict(left).values())}


def test_a_budget_whose_time_is_over_is_full_again() -> None:
    """Who was silent for an hour would else seem to have nothing left for ever."""
    now = [0.0]
    budgets = Budgets(now=lambda: now[0])
    alone = Identity()
    budgets.saw(alone, headers(3, reset=1000))
    assert budgets.lowest() == {("core",): 3}
    now[0] = 1000.0
    assert budgets.lowest() == {("core",): 5000}


def test_budgets_are_told_apart_and_unknown_ones_stay_bounded() -> None:
    """GraphQL has one of its own; a new one of GitHub's is `other`."""
    budgets = Budgets(now=lambda: 0.0)
    alone = Identity()
    budgets.saw(alone, headers(7, resource="graphql"))
    budgets.saw(alone, headers(8, resource="something_new"))
    budgets.saw(alone, headers(9))
    assert budgets.lowest() == {("graphql",): 7, ("other",): 8, ("core",): 9}


@pytest.mark.parametrize("broken", ["remaining", "limit", "reset"])
def test_half_a_budget_is_none(broken: str) -> None:
    """A proxy may cut headers; what is left of them is not guessed at."""
    budgets = Budgets(now=lambda: 0.0)
    alone = Identity()
    told = headers(7)
    budgets.saw(alone, told | {f"x-ratelimit-{broken}": "soon"})
    del told[f"x-ratelimit-{broken}"]
    budgets.saw(alone, told)
    assert budgets.lowest() == {}


def test_an_installation_that_is_gone_takes_its_budget_along() -> None:
    """Nobody speaks for it any more."""
    budgets = Budgets(now=lambda: 0.0)
    gone = Identity()
    budgets.saw(gone, headers(7))
    del gone
    gc.collect()
    assert budgets.lowest() == {}


def request(method: str) -> Asking:
    """Return a request that is about to be sent."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Asking(at=at, method=method, path="/", request=b"", writes=False)


@pytest.mark.parametrize(
    ("status", "shown"), [(200, "2xx"), (304, "3xx"), (404, "4xx"), (502, "5xx")]
)
def test_a_request_is_counted_by_the_class_of_its_answer(
    status: int, shown: str
) -> None:
    """Once, with its time."""
    measures = Measures()
    with asking(request("PATCH")) as one:
        one.status = status
    assert measures.all_moved("nofx_github_requests_total") == {("PATCH", shown): 1}
    assert measures.moved("nofx_github_request_seconds_count", method="PATCH") == 1


def test_a_request_without_an_answer_is_counted_too() -> None:
    """An odd method is `other`."""
    measures = Measures()

    def fail() -> None:
        with asking(request("BREW")):
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert measures.all_moved("nofx_github_requests_total") == {("other", "none"): 1}
