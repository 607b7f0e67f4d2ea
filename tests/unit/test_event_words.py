"""The words by which events are found, in whatever script they are written."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feed.words import LONGEST, words_in, words_of


def test_words_are_letters_digits_and_underscores() -> None:
    """Case and marks between them do not count, nor does one letter alone."""
    assert words_of("Ran OUT_of a memory: 42, x!") == {"ran", "out_of", "memory", "42"}
    assert words_of("?! -- x") == frozenset()
    assert words_of("a" * 99) == {"a" * LONGEST}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Die FÜSSE sind müde", "füße MÜDE"),
        ("caf\u00e9", unicodedata.normalize("NFD", "CAFÉ")),
        ("нет памяти", "ПАМЯТИ"),
        (
            "\u03b4\u03c1\u03cc\u03bc\u03bf\u03c2",
            "\u0394\u03a1\u038c\u039c\u039f\u03a3",
        ),
        ("内存不足\uff0c请重试", "不足"),
        ("黒い猫が好き", "猫"),
        ("ภาษาไทย", "ไทย"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("की", "की"),
        ("메모리가 부족합니다", "부족합니다"),
        ("ذاكرة غير كافية", "ذاكرة"),
        ("\uff57\uff49\uff44\uff45 letters", "wide"),
        ("𠮷野家", "𠮷"),
    ],
)
def test_a_text_is_found_in_any_script(text: str, query: str) -> None:
    """By whole words, and by any part where no spaces are written."""
    wanted = words_of(query)
    assert wanted
    assert wanted <= words_in("x.y", {"text": f"before {text} after"})


@pytest.mark.parametrize(
    ("text", "query"),
    [("memory", "memo"), ("内存不足", "存内"), ("müde", "mude"), ("step", "steps")],
)
def test_what_is_not_there_is_not_found(text: str, query: str) -> None:
    """No part of a word is the word, and the order of neighbours counts."""
    assert not words_of(query) <= words_in("x.y", {"text": text})


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_each_word_of_a_text_finds_it(before: str, text: str, after: str) -> None:
    """Whatever stands beside it."""
    data = {"a": [before, {"b": text}], "c": after}
    assert words_of(text) <= words_in("run.created", data)
