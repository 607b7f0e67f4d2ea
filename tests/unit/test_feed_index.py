"""Prints are told apart wherever they stand among others."""

from hypothesis import given
from hypothesis import strategies as st

from core.feed.index import SIZE, has

# Few different bytes, so that a print often stands across two others as well.
prints = st.lists(st.sampled_from([0, 1]), min_size=SIZE, max_size=SIZE).map(bytes)


@given(st.sets(prints), prints)
def test_a_print_is_found_exactly_where_it_is(kept: set[bytes], wanted: bytes) -> None:
    """Never by the end of one and the beginning of the next."""
    assert has(b"".join(sorted(kept)), wanted) == (wanted in kept)
