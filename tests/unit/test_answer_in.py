"""What a model answered to a person's question, whatever form it has."""

import pytest

from core.review.questions import LONGEST_ANSWER, answer_in


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"answer": "yes"}', "yes"),
        ('{"answer": "yes', "yes"),
        ("Plainly yes.", "Plainly yes."),
        ('{"answer": 7}', '{"answer": 7}'),
    ],
)
def test_the_answer_is_read_or_taken_at_its_word(text: str, answer: str) -> None:
    """A form that was kept to halfway is mended."""
    assert answer_in(text) == answer


@pytest.mark.parametrize("loop", ['{"a":', '{"answer":' + "[" * 9, "{"])
def test_a_loop_of_brackets_is_an_answer_too(loop: str) -> None:
    """Who fails at it would ask again, and pay again."""
    text = loop * 30_000
    assert answer_in(text) == text[:LONGEST_ANSWER]
