"""A payload becomes one typed event, or a reason why there is nothing to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhooks.event_types import (
    IssueCommentCreated,
    Ping,
    PullRequestEvent,
    PullRequestOpened,
)
from bot.webhooks.events import PARSERS, parse_event
from bot.webhooks.outcome import Ignored
from tests.fakes.payloads import (
    APP,
    EXAMPLES,
    Json,
    comment,
    parsed,
    pull,
    with_changed,
)


def test_every_row_of_the_table_has_an_example() -> None:
    """An event that is parsed is also tested."""
    assert set(EXAMPLES) == set(PARSERS)


@pytest.mark.parametrize("what", EXAMPLES)
def test_each_event_has_its_own_type(what: str) -> None:
    """What GitHub calls by name and action is one type here."""
    payload, kind = EXAMPLES[what]

    assert type(parsed(what, payload)) is kind


def paths(value: object, prefix: str = "") -> list[str]:
    """Return the dotted path of everything in a JSON object."""
    found = []
    for key, inner in value.items() if isinstance(value, dict) else ():
        found += [prefix + key, *paths(inner, f"{prefix}{key}.")]
    return found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_no_odd_payload_raises(what: str, data: st.DataObject) -> None:
    """Whatever stands where something else should, an event or a reason comes out."""
    payload, kind = EXAMPLES[what]
    path = data.draw(st.sampled_from(paths(payload)))

    event = parsed(what, with_changed(payload, path, data.draw(json_values)))

    assert isinstance(event, kind | Ignored | PullRequestEvent)
    assert not isinstance(event, Ignored) or event.reason


@given(st.text(max_size=20), st.dictionaries(st.text(max_size=9), json_values))
def test_any_name_and_object_is_answered(name: str, payload: Json) -> None:
    """Unknown events are ignored with a reason, never an exception."""
    event = parse_event(name, payload, app_id=APP)

    assert isinstance(event, Ignored | Ping)


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("pull_request.opened", "pull_request.head.sha"),
        ("pull_request.opened", "pull_request.number"),
        ("pull_request.opened", "repository.full_name"),
        ("pull_request.opened", "sender.login"),
        ("pull_request.edited", "changes.base.ref.from"),
        ("check_run.rerequested", "check_run.app.id"),
        ("check_run.requested_action", "requested_action.identifier"),
        ("issue_comment.created", "comment.body"),
        ("pull_request_review_thread.resolved", "thread.node_id"),
        ("installation", "installation.id"),
    ],
)
@pytest.mark.parametrize("odd", [None, 1.5, -1, True, [], {}])
def test_the_field_that_is_missing_or_odd_is_named(
    what: str, path: str, odd: object
) -> None:
    """The stored reason tells an operator what GitHub changed."""
    payload, _ = EXAMPLES[what]
    event = parsed(what, with_changed(payload, path, odd))

    assert isinstance(event, Ignored)
    assert path in event.reason
    assert what in event.reason


FROM_BOTS = ("check_", "pull_request.")


@pytest.mark.parametrize(
    "what", sorted(kind for kind in EXAMPLES if not kind.startswith(FROM_BOTS))
)
def test_what_a_bot_does_is_ignored(what: str) -> None:
    """Two bots that answer each other would never end."""
    payload = with_changed(EXAMPLES[what][0], "sender.type", "Bot")

    assert parsed(what, payload) == Ignored("the sender is a bot")


def test_a_pull_request_of_a_bot_is_reviewed_too() -> None:
    """Dependency updates are among what a maintainer most wants to see checked."""
    payload = with_changed(EXAMPLES["pull_request.opened"][0], "sender.type", "Bot")

    assert isinstance(parsed("pull_request.opened", payload), PullRequestOpened)


@pytest.mark.parametrize("what", [k for k in EXAMPLES if k.startswith("check_")])
def test_whose_check_it_is_is_told_by_app_id_alone(what: str) -> None:
    """GitHub may name the App as the sender of a request that a person made."""
    name = what.partition(".")[0]
    by_app = with_changed(EXAMPLES[what][0], "sender.type", "Bot")
    foreign = with_changed(EXAMPLES[what][0], f"{name}.app.id", APP + 1)

    assert type(parsed(what, by_app)) is EXAMPLES[what][1]
    assert parsed(what, foreign) == Ignored("the check belongs to another App")
    assert isinstance(parse_event(name, by_app, app_id=None), Ignored)


def test_text_that_no_database_stores_is_mended() -> None:
    """A lone surrogate is legal in JSON's escapes only."""
    event = parsed("issue_comment", comment(body="a\ud800b"))

    assert isinstance(event, IssueCommentCreated)
    assert event.body == "a?b"


@pytest.mark.parametrize(
    "name", ["octo/../x", "octo", "a/b/c", "../etc", "o/..", "./h", "o/h\n"]
)
def test_a_repository_that_is_not_owner_and_name_is_refused(name: str) -> None:
    """Names become paths of requests later on."""
    payload = with_changed(pull("opened"), "repository.full_name", name)

    assert isinstance(parsed("pull_request", payload), Ignored)


@pytest.mark.parametrize("sha", ["main", "C" * 40, "c" * 39, "c" * 41])
def test_a_head_that_is_no_commit_is_refused(sha: str) -> None:
    """A branch's name in its place would let the head move under a run."""
    payload = with_changed(pull("opened"), "pull_request.head.sha", sha)

    assert parsed("pull_request", payload) == Ignored(
        "pull_request.head.sha is not a commit's SHA in pull_request.opened"
    )
