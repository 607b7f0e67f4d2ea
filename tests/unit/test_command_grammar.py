"""People command nofx in comments; what they quote or show is not a command."""

from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands.grammar import HELP, Command, Unknown, Verb, parse_command

RERUN: Final = Command(verb=Verb.RERUN)


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_is_understood_and_explained(verb: Verb) -> None:
    """The help table and the grammar know the same words."""
    assert parse_command(f"/nofx {verb}") == Command(verb=verb)
    assert HELP[verb]


@pytest.mark.parametrize(
    "body",
    [
        "/nofx rerun",
        "/NoFX ReRun",
        "  /nofx   rerun  ",
        "/nofx\trerun",
        "/nofx rerun.",
        "/nofx rerun!",
        "Thanks, mended.\n/nofx rerun",
        "Thanks, mended.\r\n\r\n/nofx rerun\r\n",
        "> It does not compile.\n\nIt does now.\n\n/nofx rerun",
        "```\ncode\n```\n/nofx rerun",
        "- one\n- two\n/nofx rerun",
        "- one\n\n  /nofx rerun",
        "/nofx rerun\n--\nAlice",
        "# Title\n/nofx rerun",
        "<!-- hidden -->\n/nofx rerun",
        "<details>\n\n/nofx rerun\n\n</details>",
        "one  \n/nofx rerun",
        "one\\\n/nofx rerun",
        "/nofx `rerun`",
    ],
)
def test_a_command_is_found_where_a_line_begins_with_it(body: str) -> None:
    """Letter case, spaces, line ends and what stands around it do not matter."""
    assert parse_command(body) == RERUN


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Nothing to see.",
        "Write /nofx rerun to try again.",
        "nofx rerun",
        "/nofxx rerun",
        "/nofx-rerun",
        "//nofx rerun",
        "> /nofx rerun",
        ">/nofx rerun",
        "> > /nofx rerun",
        "> quoted, and its paragraph goes on\n/nofx rerun",
        "    /nofx rerun",
        "\t/nofx rerun",
        "```\n/nofx rerun\n```",
        "~~~~\n```\n/nofx rerun\n~~~~",
        "```\n/nofx rerun",
        "- ```\n  /nofx rerun\n  ```",
        "`/nofx rerun`",
        "``/nofx rerun``",
        "`two lines\n/nofx rerun`",
        "<!-- /nofx rerun -->",
        "<!--\n\n/nofx rerun\n\n-->",
        "<!--\n/nofx rerun",
        "text <!--\n/nofx rerun\n-->",
        "<pre>\n/nofx rerun\n</pre>",
        "\\/nofx rerun",
        "&#47;nofx rerun",
        "- /nofx rerun",
        "1. /nofx rerun",
        "# /nofx rerun",
        "**/nofx rerun**",
        "[/nofx rerun](https://example.org)",
        "[label]: /nofx rerun",
    ],
)
def test_what_is_only_shown_is_no_command(body: str) -> None:
    """Quotes, code, comments, escapes, marked-up text and prose are left alone."""
    assert parse_command(body) is None


def test_the_first_command_counts() -> None:
    """One comment is one request; the others are said again in the next."""
    assert parse_command("/nofx rerun\n/nofx cancel") == RERUN
    assert parse_command("> /nofx cancel\n\n/nofx rerun\n/nofx cancel") == RERUN


def test_words_after_the_verb_are_kept() -> None:
    """Nobody needs them so far, and nobody who adds a please is refused."""
    assert parse_command("/nofx rerun, `src/a.py` please") == Command(
        verb=Verb.RERUN, arguments=("src/a.py", "please")
    )


@pytest.mark.parametrize("word", ["dance", "re-run", "rerunn", "@octo/all", "?"])
def test_another_word_is_unknown(word: str) -> None:
    """It is told back, so that the answer can name it."""
    assert parse_command(f"/nofx {word} now") == Unknown(word=word)


def test_a_long_word_is_cut() -> None:
    """A comment of one word must not come back whole."""
    assert parse_command("/nofx " + "x" * 999) == Unknown(word="x" * 40)


def test_the_name_alone_asks_for_help() -> None:
    """Somebody who does not know what to say is told."""
    assert parse_command("/nofx") == Command(verb=Verb.HELP)


@pytest.mark.parametrize("mark", ["*a_ ", "[", ">", "![[]()", "`a``b", "&", "- "])
def test_a_comment_made_to_be_slow_is_answered(mark: str) -> None:
    """The longest comment that GitHub takes, full of unclosed marks, ends."""
    assert parse_command(mark * (65_000 // len(mark)) + "\n\n/nofx rerun") == RERUN


@given(st.text())
@example("/nofx\n" * 3)
@example("\x00/nofx \x00")
def test_any_text_is_answered(body: str) -> None:
    """Whatever people write, there is a command, an unknown word, or none."""
    answer = parse_command(body)

    assert answer is None or isinstance(answer, Command | Unknown)


PROSE = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@given(st.lists(PROSE), st.sampled_from(list(Verb)), st.lists(PROSE))
def test_prose_around_a_command_does_not_hide_it(
    before: list[str], verb: Verb, after: list[str]
) -> None:
    """Plain lines before and after are just that."""
    body = "\n".join([*before, f"/nofx {verb}", *after])

    assert parse_command(body) == Command(verb=verb)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_what_is_quoted_or_fenced_is_never_a_command(text: str) -> None:
    """Every line quoted, or all of it in a fence longer than any inside."""
    lines = [f"/nofx rerun {text}", text, "/nofx cancel"]
    fence = "`" * (max(map(len, lines)) + 3)

    assert parse_command("\n".join(f"> {line}" for line in lines)) is None
    assert parse_command("\n".join([fence, *lines, fence])) is None
    assert parse_command("\n".join(f"    {line}" for line in lines)) is None
