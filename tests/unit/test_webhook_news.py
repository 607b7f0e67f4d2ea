"""Where deliveries are told of, and whom their payloads are about."""

import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks.envelope import GUID
from bot.webhooks.news import Untold
from bot.webhooks.place import NOWHERE, Place, place_in

GUIDS = st.from_regex(GUID, fullmatch=True)


def stream(guid: str) -> str:
    """Return the name of a delivery's stream."""
    return Untold(
        guid=guid, event="e", action=None, place=NOWHERE, mark="d", news=()
    ).stream


@given(GUIDS, GUIDS)
def test_deliveries_have_streams_of_their_own(one: str, other: str) -> None:
    """No two share a name, however the GUIDs are chosen."""
    assert (stream(one) == stream(other)) is (one == other)


@given(GUIDS)
def test_a_stream_has_one_name_without_parts(guid: str) -> None:
    """Nothing from outside can be taken for a path, a sequence or an event."""
    name = stream(guid)
    assert re.fullmatch(r"delivery/[A-Za-z0-9_~%-]+", name)


def test_a_guid_of_github_is_itself_in_the_name() -> None:
    """Whoever reads the stream finds the delivery."""
    guid = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
    assert stream(guid) == f"delivery/{guid}"


REPOSITORY = {"full_name": "octo/hello"}
PAYLOADS: list[tuple[dict[str, Any], Place]] = [
    ({}, NOWHERE),
    ({"repository": REPOSITORY}, Place(repository="octo/hello")),
    (
        {
            "repository": REPOSITORY,
            "pull_request": {"number": 7},
            "installation": {"id": 42},
        },
        Place(repository="octo/hello", pull=7, installation_id=42),
    ),
    (
        {"repository": REPOSITORY, "issue": {"number": 8, "pull_request": {}}},
        Place(repository="octo/hello", pull=8),
    ),
    (
        {"repository": REPOSITORY, "issue": {"number": 8}},
        Place(repository="octo/hello"),
    ),
    (
        {"repository": REPOSITORY, "check_run": {"pull_requests": [{"number": 9}]}},
        Place(repository="octo/hello", pull=9),
    ),
    (
        {
            "repository": REPOSITORY,
            "check_suite": {"pull_requests": [{"number": 9}, {"number": 10}]},
        },
        Place(repository="octo/hello"),
    ),
    ({"repository": {"full_name": "../etc"}, "pull_request": {"number": 7}}, NOWHERE),
    ({"repository": REPOSITORY, "pull_request": 7}, Place(repository="octo/hello")),
    (
        {"repository": REPOSITORY, "pull_request": {"number": 2**70}},
        Place(repository="octo/hello"),
    ),
    ({"installation": {"id": "42"}}, NOWHERE),
    ({"installation": {"id": True}}, NOWHERE),
]


@pytest.mark.parametrize(("payload", "place"), PAYLOADS)
def test_a_payload_says_whom_it_is_about(payload: dict[str, Any], place: Place) -> None:
    """And what has not GitHub's shape is left out."""
    assert place_in(payload) == place


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.printable, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["repository", "full_name", "issue", "number", "id"]), inner
        )
    ),
    max_leaves=8,
)
NAMES = ["repository", "pull_request", "issue", "check_run", "installation"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_no_payload_is_too_odd(payload: dict[str, Any]) -> None:
    """What is found is storable, whatever was signed and sent."""
    place = place_in(payload)
    for number in (place.pull, place.installation_id):
        assert number is None or 0 < number < 2**53
