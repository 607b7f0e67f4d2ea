"""What is to be remembered or forgotten, read from the words of a command."""

import pytest

from bot.commands.wishes import unwanted_of, wanted_of
from core.errors import ItemMalformedError
from core.memory.preferences import Value


@pytest.mark.parametrize(
    ("text", "name", "value", "why"),
    [
        ("prefer dataclasses", "it", "prefer dataclasses", ""),
        ("be brief because we read on phones", "it", "be brief", "we read on phones"),
        ("width=88", "width", 88, ""),
        ("Max-Share=0.5 because so", "max-share", 0.5, "so"),
        ("strict=yes", "strict", True, ""),
        ("strict=False", "strict", False, ""),
        ("ignore=[docs, examples]", "ignore", ("docs", "examples"), ""),
        ("tone=kind and short", "tone", "kind and short", ""),
        ("a == b is fine", "it", "a == b is fine", ""),
        ("use --all in scripts", "it", "use --all in scripts", ""),
        ("version=1.2.3", "version", "1.2.3", ""),
    ],
)
def test_a_wish_is_read_as_people_write_it(
    text: str, name: str, value: Value, why: str
) -> None:
    """A value has the type that it looks like; text without a name gets one."""
    for words, repository in ((text, False), (f"--repository {text}", True)):
        wanted = wanted_of(words.split(), name="it")
        wish = wanted.wish
        assert (wish.name, wish.value, wish.why) == (name, value, why)
        assert type(wish.value) is type(value)
        assert wanted.repository is repository


@pytest.mark.parametrize("text", ["", "--repository", "because", "x" * 501])
def test_a_wish_without_words_or_with_too_many_is_refused(text: str) -> None:
    """Nothing is cut silently."""
    if text == "because":
        assert wanted_of([text], name="it").wish.value == "because"
        return
    with pytest.raises(ItemMalformedError):
        wanted_of(text.split(), name="it")


def test_what_is_forgotten_is_named_by_numbers_or_as_all() -> None:
    """In whatever order the words stand."""
    assert unwanted_of(["3", "#5,"]).numbers == (3, 5)
    for words in ("--all --repository", "--repository --all"):
        found = unwanted_of(words.split())
        assert (found.numbers, found.repository) == (None, True)
    assert unwanted_of(["7", "--repository"]).repository


@pytest.mark.parametrize("text", ["", "--repository", "3 --all", "three", "-1", "1.5"])
def test_what_names_nothing_forgets_nothing(text: str) -> None:
    """All of it is forgotten only by its own word."""
    with pytest.raises(ItemMalformedError):
        unwanted_of(text.split())


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("", "1 to 500 characters"),
        ("x" * 501, "1 to 500 characters"),
        (f"x because {'y' * 501}", "`because` has at most 500"),
    ],
)
def test_what_is_too_long_is_answered_with_the_limit(said: str, limit: str) -> None:
    """The answer is read at GitHub, where nobody knows what a valid boolean is."""
    with pytest.raises(ItemMalformedError) as refused:
        wanted_of(said.split(" "), name="comment-1")
    assert limit in str(refused.value)
    assert "boolean" not in str(refused.value)
