"""The door tells what asks nothing of nofx, and lets everything else through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.grammar import parse_command
from bot.webhooks.event_types import CommentEvent
from bot.webhooks.outcome import Ignored
from bot.webhooks.sieve import sieve
from tests.fakes.payloads import APP, EXAMPLES, check, comment, parsed, pull

sift = sieve(APP)
NO_COMMAND = Ignored("the comment holds no command")


@pytest.mark.parametrize("what", EXAMPLES)
def test_every_event_that_nofx_acts_on_goes_through(what: str) -> None:
    """Each example of the table is somebody's work."""
    assert sift(what.partition(".")[0], EXAMPLES[what][0]) is None


def test_what_the_parser_ignores_stays_outside() -> None:
    """The reason is the parser's own."""
    for what, payload in (
        ("pull_request.assigned", pull("assigned")),
        ("pull_request.edited", pull("edited", changes={"title": {"from": "a"}})),
        ("check_suite.completed", check("check_suite", "completed")),
        ("star.created", {"action": "created"}),
    ):
        reason = sift(what.partition(".")[0], payload)
        assert isinstance(reason, Ignored)
        assert reason == parsed(what, payload)


def test_another_apps_check_stays_outside() -> None:
    """Whose check it is, is told by the App's number."""
    payload = check("check_run", "rerequested")

    assert sift("check_run", payload) is None
    assert sieve(APP + 1)("check_run", payload) == Ignored(
        "the check belongs to another App"
    )


words = st.sampled_from(
    ["/nofx", "/NoFX", "rerun", "> ", "`", "\n", " ", "\u212a", "ok"]
)


@given(
    st.lists(words, max_size=8).map("".join),
    st.sampled_from(["issue", "pull_request"]),
)
def test_no_command_is_lost_at_the_door(body: str, where: str) -> None:
    """Only talk is kept out: a comment with a command in it always goes through."""
    name = "issue_comment" if where == "issue" else "pull_request_review_comment"
    payload = comment(where, body=body)
    assert isinstance(parsed(f"{name}.created", payload), CommentEvent)

    verdict = sift(name, payload)

    assert verdict in (None, NO_COMMAND)
    if parse_command(body) is not None:
        assert verdict is None
    if "nofx" not in body.lower():
        assert verdict == NO_COMMAND
