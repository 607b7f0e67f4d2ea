"""Texts fit GitHub's lengths, and markers are known again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.clipping import clip, open_fence
from bot.github.markers import effect_marker, finding_marker, fingerprint_in
from bot.github.values import PullRequest, decode
from core.errors import GitHubUnavailableError

PRINT = "0123456789abcdef" * 2
MARKDOWN = st.text(alphabet="a`~\n é", max_size=400)


@given(text=MARKDOWN, limit=st.integers(100, 300))
def test_a_clipped_text_fits_keeps_its_tail_and_closes_its_code(
    text: str, limit: int
) -> None:
    """Whatever the text, the marker survives and no code block swallows the note."""
    tail = "\n\n<!-- m -->"
    clipped = clip(text, limit, tail=tail)
    assert len(clipped) <= limit
    assert clipped.endswith(tail)
    if len(text) + len(tail) <= limit:
        assert clipped == text + tail
    else:
        assert f"GitHub takes at most {limit:,} characters" in clipped
        body = clipped[: clipped.rindex("\n\n*Cut here")]
        assert not open_fence(body)


def test_code_that_is_cut_in_the_middle_is_closed() -> None:
    """Otherwise the note, and whatever comes later, would read as code."""
    clipped = clip("```python\n" + "x = 1\n" * 100, 200)
    assert "\n```\n\n*Cut here" in clipped


def test_a_shorter_fence_inside_does_not_close_a_longer_one() -> None:
    """As in Markdown: four marks are closed by four."""
    assert open_fence("````\n```\n") == "````"
    assert not open_fence("````\n```\n````\n")


def test_a_finding_is_known_by_the_marker_at_the_end() -> None:
    """Only there: a quoted marker in the middle says nothing."""
    marker = finding_marker(PRINT)
    assert fingerprint_in(f"Mind the gap.\n\n{marker}\r\n") == PRINT
    assert fingerprint_in(f"> {marker}\nI disagree.") is None
    assert fingerprint_in("<!-- nofx:finding:nonsense -->") is None


def test_an_effect_has_a_marker_of_its_own() -> None:
    """Run and key are both in it."""
    assert effect_marker("run_1", "review") == "<!-- nofx:run_1:review -->"


def test_a_pull_request_without_its_fork_is_still_read() -> None:
    """GitHub sends null for a deleted fork, a deleted user and an empty text."""
    data = {
        "number": 1,
        "body": None,
        "user": None,
        "head": {"sha": "a", "ref": "f", "repo": None},
        "base": {"sha": "b", "ref": "main", "repo": {"full_name": "o/r"}},
        "something": "new",
    }
    pull = decode(PullRequest, data, "/x")
    assert (pull.author, pull.body, pull.head_repo) == ("ghost", "", None)
    assert pull.is_fork


@pytest.mark.parametrize(("head", "fork"), [("o/r", False), ("alice/r", True)])
def test_a_fork_is_another_repository(*, head: str, fork: bool) -> None:
    """Same repository, no fork."""
    pull = PullRequest(
        number=1,
        head_sha="a",
        head_ref="f",
        head_repo=head,
        base_sha="b",
        base_ref="main",
        base_repo="o/r",
    )
    assert pull.is_fork is fork


@pytest.mark.parametrize("data", [None, "<html>", [], {"number": 1}])
def test_an_answer_that_is_no_pull_request_is_refused(data: object) -> None:
    """What names the thing must be there."""
    with pytest.raises(GitHubUnavailableError, match="/x"):
        decode(PullRequest, data, "/x")
