"""Which bytes a request asks for, for every header that there can be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api.ranges import asked, is_known
from core.errors import RangeError

TAG = '"a"'
SIZES = st.integers(0, 10_000)
NUMBERS = st.integers(0, 12_000)


@given(size=SIZES, first=NUMBERS, last=NUMBERS)
def test_a_range_within_the_file_is_what_it_says(
    size: int, first: int, last: int
) -> None:
    """What lies behind the end is left out, or refused when nothing else is there."""
    headers = {"Range": f"bytes={first}-{last}"}
    if last < first:
        assert not asked(headers, size=size, etag=TAG).is_part
    elif first >= size:
        with pytest.raises(RangeError):
            asked(headers, size=size, etag=TAG)
    else:
        found = asked(headers, size=size, etag=TAG)
        assert bytes(size)[first : last + 1] == bytes(size)[found.start : found.end]
        assert (found.start, found.is_part) == (first, True)


@given(size=SIZES, last=NUMBERS)
def test_so_many_last_bytes_are_the_end(size: int, last: int) -> None:
    """More than there are is all; of none, nothing can be sent."""
    headers = {"Range": f"bytes=-{last}"}
    if not last or not size:
        with pytest.raises(RangeError):
            asked(headers, size=size, etag=TAG)
    else:
        found = asked(headers, size=size, etag=TAG)
        assert (found.start, found.end) == (max(size - last, 0), size)


@given(st.text(max_size=60))
def test_no_header_is_too_strange(text: str) -> None:
    """It is a range, or it is passed over, or nothing is there; never anything else."""
    try:
        found = asked({"Range": text}, size=100, etag=TAG)
    except RangeError:
        assert re.search("[0-9]", text)
    else:
        assert 0 <= found.start < found.end <= 100
    is_known({"If-None-Match": text}, TAG)


def test_digits_of_other_scripts_are_no_numbers() -> None:
    """RFC 9110 knows ten of them."""
    assert not asked({"Range": "bytes=٣-٤"}, size=100, etag=TAG).is_part


def test_tags_are_compared_weakly_for_what_is_known() -> None:
    """As RFC 9110 has it for If-None-Match."""
    assert is_known({"If-None-Match": 'W/"a"'}, TAG)
    assert is_known({"If-None-Match": '"b", "a"'}, TAG)
    assert not is_known({"If-None-Match": '"b"'}, TAG)
    assert not is_known({}, TAG)
