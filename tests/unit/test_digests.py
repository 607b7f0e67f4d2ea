"""What counts as the name of a blob inside a value."""

from typing import Any

import pytest

from core.store.digests import digest_of, digests_in

ONE, TWO = digest_of(b"one"), digest_of(b"two")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (ONE, {ONE}),
        ({"a": [ONE, {"b": (TWO,)}], "c": None, "d": 1}, {ONE, TWO}),
        ({ONE: "as a key it is a name"}, set()),
        ([f"see {ONE}", ONE.upper(), ONE[:-1], f"{ONE}\n"], set()),
    ],
)
def test_a_string_that_is_a_digest_names_a_blob(value: Any, found: set[str]) -> None:
    """Only a whole string does, however deep it lies."""
    assert set(digests_in(value)) == found


def test_depth_is_no_limit() -> None:
    """A value that is nested deeper than the stack is searched as any other."""
    value: Any = ONE
    for _ in range(100_000):
        value = [value]
    assert list(digests_in(value)) == [ONE]
