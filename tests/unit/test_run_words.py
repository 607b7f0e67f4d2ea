"""What is to be run again is read from what people write, or refused with a reason."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.run_words import Again, again_of, is_full
from core.errors import CommandUnclearError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Again()),
        ("verify", Again(start_at="verify")),
        ("verify please", Again(start_at="verify")),
        ("--from verify", Again(start_at="verify")),
        ("--from=cp_1", Again(start_at="cp_1")),
        ("—from verify", Again(start_at="verify")),
        ("\u2013-from verify", Again(start_at="verify")),
        ("--model rules", Again(model="rules")),
        ("--model openai:a --from review", Again(start_at="review", model="openai:a")),
        ("review --model openai:a", Again(start_at="review", model="openai:a")),
        ("--model rules please", Again(model="rules")),
    ],
)
def test_options_stand_in_any_order(text: str, wanted: Again) -> None:
    """Also as telephones write them, and with a please."""
    assert again_of(text.split()) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("--fast", "there is no --fast"),
        ("--from", "nothing follows --from"),
        ("--from --model rules", "nothing follows --from"),
        ("--from a --from b", "--from stands twice"),
        ("verify --from b", "--from stands twice"),
    ],
)
def test_what_is_unclear_is_refused(text: str, reason: str) -> None:
    """Nothing is guessed that costs money."""
    with pytest.raises(CommandUnclearError, match=reason):
        again_of(text.split())


@pytest.mark.parametrize(
    ("text", "full"), [("full", True), ("FULL", True), ("", False), ("all", False)]
)
def test_a_full_review_is_said_in_one_word(text: str, *, full: bool) -> None:
    """Any other word is a please."""
    assert is_full(text.split()) is full


@given(st.lists(st.text(min_size=1)))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    """There is no third way."""
    with suppress(CommandUnclearError):
        wanted = again_of(words)
        assert wanted.model is None or wanted.model in " ".join(words)
