"""Numbers with their nouns, as people write them."""

import pytest

from bot.plain import counted


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (1, "reply", "1 reply"),
        (2, "reply", "2 replies"),
        (0, "entry", "0 entries"),
        (2, "key", "2 keys"),
        (3, "hunk", "3 hunks"),
    ],
)
def test_a_number_goes_with_its_noun(number: int, noun: str, said: str) -> None:
    """One has no plural; a y behind a consonant changes."""
    assert counted(number, noun) == said
