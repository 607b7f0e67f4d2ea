"""The fast canonical JSON is the slow one, byte for byte."""

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from core.events import canonical

NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e6, 1e6).map(lambda one: round(one, 2)),
    st.integers(-(10**6), 10**6).map(float),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=6)
    ),
    max_leaves=20,  # with a hundred, 14 of 14 seconds went into making the examples
)


@given(st.dictionaries(st.text(), VALUES))
@example({"a": -0.0, "b": [-0.05, 10.0, 1.05, 100.0, -0.01], "c": {"d": -10.0}})
@example({"a": 1e15, "b": 1e16, "c": 1e21, "d": 1e-4, "e": 1e-5, "f": 5e-324})
@example({"a": 0.1234567890123456, "b": 123456789012345.6, "c": 2**53 - 1})
@example({"\ue000": 1, "\U00010000": 2})
@example({"\ue000": 1, "a": "\U00010000"})
@example({'"': '1.0, "2.0": \\', "\\": "3.0", "\x7f\x1f\u2028": "\b\f\t\r\n\x00/"})
@example({"true": [True, False, None], "1e5": "1e5", "-0.0": "-0.0"})
def test_it_is_what_the_other_encoder_writes(value: dict[str, Any]) -> None:
    """Numbers, names, escapes and order are those of RFC 8785."""
    assert canonical.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**53, -(2**60), b"bytes", {1}, "\ud800"],
    ids=repr,
)
def test_what_has_no_canonical_form_has_none_here(value: Any) -> None:
    """Both encoders refuse the same values, by the same errors."""
    with pytest.raises((ValueError, rfc8785.CanonicalizationError)) as slow:
        rfc8785.dumps({"a": [value]})
    with pytest.raises(type(slow.value)):
        canonical.dumps({"a": [value]})
