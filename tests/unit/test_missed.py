"""Which failed attempts GitHub is asked to repeat, and when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.github.hook_deliveries import HookDelivery
from bot.webhooks.missed import MOST_ATTEMPTS, due_among

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


def attempt(guid: str, minutes: float, number: int = 1) -> HookDelivery:
    """Return an attempt that failed so many minutes ago."""
    return HookDelivery(
        id=number,
        guid=guid,
        delivered_at=NOW - timedelta(minutes=minutes),
        status_code=502,
    )


def due(*attempts: HookDelivery) -> list[tuple[str, int]]:
    """Return which are due, by their GUID and the attempt that is repeated."""
    return [(one.guid, one.id) for one in due_among(attempts, NOW)]


def test_the_oldest_comes_first_and_each_once() -> None:
    """It is the last attempt that is repeated."""
    found = due(
        attempt("b", 5, 1), attempt("a", 60, 2), attempt("a", 50, 3), attempt("c", 9, 4)
    )
    assert found == [("a", 3), ("c", 4), ("b", 1)]


def test_each_failure_doubles_the_rest() -> None:
    """GitHub may still be at it; and what is down stays so for a while."""
    assert due(attempt("a", 0.9)) == []
    assert due(attempt("a", 1)) == [("a", 1)]
    assert due(attempt("a", 10, 1), attempt("a", 1.9, 2)) == []
    assert due(attempt("a", 10, 1), attempt("a", 2, 2)) == [("a", 2)]


def test_what_fails_for_ever_is_left_to_people() -> None:
    """A wrong secret is not mended by trying."""
    attempts = [attempt("a", 3000 + one, one) for one in range(MOST_ATTEMPTS)]
    assert due(*attempts) == []
    assert due(*attempts[1:]) == [("a", 1)]
    assert due(*(attempt("a", 9, one) for one in range(5000))) == []


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0, 5000), st.integers(0, 10**6)),
        max_size=30,
    )
)
def test_nothing_is_asked_for_twice(given_: list[tuple[str, float, int]]) -> None:
    """Whatever the list: each GUID once, in the order of its last attempt."""
    attempts = [attempt(guid, ago, number) for guid, ago, number in given_]
    found = [*due_among(attempts, NOW)]
    assert len({one.guid for one in found}) == len(found)
    assert [one.delivered_at for one in found] == sorted(
        one.delivered_at for one in found
    )
    for one in found:
        same = [each for each in attempts if each.guid == one.guid]
        assert one.delivered_at == max(each.delivered_at for each in same)
