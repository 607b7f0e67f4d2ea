"""If-Match as RFC 9110 has it: which versions a caller would change."""

import pytest

from bot.api.matching import if_match, is_known
from core.errors import RequestInvalidError


@pytest.mark.parametrize(
    ("given", "allowed", "refused"),
    [
        ([], ['"1"', '"2"'], []),
        (["*"], ['"1"'], []),
        (['"1"'], ['"1"'], ['"2"', '"11"']),
        (['"1" , "2"'], ['"1"', '"2"'], ['"3"']),
        (['"1"', '"2"'], ['"1"', '"2"'], ['"3"']),
        (['W/"1"'], [], ['"1"']),
        (['W/"1", "2"'], ['"2"'], ['"1"']),
        (['"a,b"'], ['"a,b"'], ['"a"']),
    ],
)
def test_the_versions_that_were_seen_are_allowed(
    given: list[str], allowed: list[str], refused: list[str]
) -> None:
    """A weak one never: two of the same weak version may differ in their bytes."""
    condition = if_match(given)
    assert all(map(condition.allows, allowed))
    assert not any(map(condition.allows, refused))


@pytest.mark.parametrize(
    "given", ["", "7", '"7', '"7" "8"', "*, *", '"7",', 'w/"7"', '"7"' * 999]
)
def test_what_is_no_version_is_refused(given: str) -> None:
    """Passing it over would change what the caller has not seen."""
    with pytest.raises(RequestInvalidError):
        if_match([given])


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ([], False),
        (["*"], True),
        (['"1"'], True),
        (['W/"1"'], True),
        (['"2", W/"1"'], True),
        (['"2"', '"1"'], True),
        (['"2"'], False),
        (["1"], False),
        (['"1" "2"'], False),
        (['"1",' * 999], False),
    ],
)
def test_who_has_a_version_is_not_sent_it_again(given: list[str], known: bool) -> None:  # noqa: FBT001 # pytest gives it
    """Weak tags count, and what is malformed names nothing that a reader has."""
    assert is_known(given, '"1"') is known
