"""Cursors of lists of runs: whatever was given out is understood again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CursorError
from core.store.positions import Position, position_in

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 200_000_000_000_000
TIMES = st.integers(0, LATEST).map(
    lambda millis: EPOCH + timedelta(milliseconds=millis)
)
PLACES = st.builds(Position, created_at=TIMES, id=st.text(max_size=40))


@given(PLACES)
def test_a_cursor_is_read_back_exactly(place: Position) -> None:
    """To the millisecond, with the id, in letters that an address can hold."""
    cursor = place.cursor()
    assert position_in(cursor) == place
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.lists(PLACES))
def test_places_are_ordered_by_time_and_then_by_id(places: list[Position]) -> None:
    """Two runs of one millisecond have an order too."""
    assert sorted(places) == sorted(
        places,
        key=lambda one: (one.created_at - EPOCH, one.id),
    )


@given(st.text(max_size=60))
def test_anything_else_is_refused_or_is_a_place(text: str) -> None:
    """No text from outside ends in another error."""
    try:
        place = position_in(text)
    except CursorError:
        return
    assert place.created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("cursor", ["", "AAAA", "W10", "WzEsMl0", "WzFlOTksIngiXQ"])
def test_made_up_cursors_are_refused(cursor: str) -> None:
    """Nothing, noise, an empty list, a number for an id, a time past all time."""
    with pytest.raises(CursorError):
        position_in(cursor)
