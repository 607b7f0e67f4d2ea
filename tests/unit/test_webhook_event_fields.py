"""Each typed event carries what its handler needs."""

from datetime import UTC, datetime

import pytest

from bot.webhooks.event_types import (
    CheckRunActionRequested,
    CheckSuiteRerequested,
    InstallationChanged,
    InstallationRepositoriesChanged,
    IssueCommentCreated,
    PullRequestClosed,
    PullRequestOpened,
    PullRequestSynchronized,
    ReviewCommentCreated,
    ThreadResolved,
)
from bot.webhooks.outcome import Ignored
from tests.fakes.payloads import (
    APP,
    BASE,
    EXAMPLES,
    HEAD,
    Json,
    check,
    comment,
    parsed,
    pull,
    thread,
    with_changed,
)


def test_a_pull_request_carries_what_the_run_needs() -> None:
    """The heads, the base, whether it is a draft, and which fork it is from."""
    assert parsed("pull_request", pull("opened")) == PullRequestOpened(
        installation_id=99,
        repository="octo/hello",
        repository_id=5,
        sender="alice",
        number=3,
        title="Greet",
        author="alice",
        draft=False,
        head_sha=HEAD,
        head_ref="feature",
        head_repository="fork/hello",
        base_sha=BASE,
        base_ref="main",
    )


def test_what_github_leaves_out_is_no_reason_to_lose_the_event() -> None:
    """No installation, a deleted fork, a deleted author, no draft flag."""
    payload = pull("synchronize", before=None) | {"installation": None}
    for path in ("head.repo", "user", "draft"):
        payload = with_changed(payload, f"pull_request.{path}", None)

    event = parsed("pull_request", payload)

    assert isinstance(event, PullRequestSynchronized)
    assert event.installation_id is None
    assert event.head_repository is None
    assert (event.author, event.draft, event.before) == ("ghost", False, None)


def test_an_edited_title_is_ignored() -> None:
    """Only another base branch changes what there is to review."""
    event = parsed("pull_request", pull("edited", changes={"title": {"from": "Old"}}))

    assert event == Ignored("the edit leaves the base branch as it is")


def test_a_closed_pull_request_says_whether_it_was_merged() -> None:
    """A merge and an abandonment are told apart."""
    merged = with_changed(pull("closed"), "pull_request.merged", new=True)

    events = [parsed("pull_request", each) for each in (pull("closed"), merged)]

    assert [isinstance(e, PullRequestClosed) and e.merged for e in events] == [
        False,
        True,
    ]


def test_a_check_on_a_fork_names_no_pull_request() -> None:
    """GitHub leaves the list empty; the head is what tells."""
    payload = with_changed(
        check("check_suite", "rerequested"), "check_suite.pull_requests", []
    )

    event = parsed("check_suite", payload)

    assert isinstance(event, CheckSuiteRerequested)
    assert (event.numbers, event.head_sha) == ((), HEAD)


def test_a_button_on_a_check_run_is_told_by_its_identifier() -> None:
    """The check run's ids say which run the button belonged to."""
    event = parsed("check_run", EXAMPLES["check_run.requested_action"][0])

    assert isinstance(event, CheckRunActionRequested)
    assert (event.identifier, event.check_run_id, event.external_id, event.numbers) == (
        "go",
        11,
        "run_1",
        (3,),
    )


def test_a_comment_carries_who_said_what_where() -> None:
    """The command parser and the permission check find all they need."""
    event = parsed("issue_comment", comment())

    assert isinstance(event, IssueCommentCreated)
    assert (event.number, event.comment_id, event.body) == (3, 21, "/nofx rerun")
    assert (event.author, event.association, event.closed) == ("alice", "MEMBER", False)


@pytest.mark.parametrize(
    ("told", "written_at"),
    [
        ("2026-11-25T12:00:05Z", datetime(2026, 11, 25, 12, 0, 5, tzinfo=UTC)),
        ("2026-11-25T12:00:05", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_a_comment_tells_when_it_was_written(
    told: str | None, written_at: datetime | None
) -> None:
    """What is no moment is none, and no reason to be deaf to the comment."""
    event = parsed("issue_comment", comment(created_at=told))
    assert isinstance(event, IssueCommentCreated)
    assert event.written_at == written_at


def test_a_comment_on_an_issue_is_ignored() -> None:
    """Issues have no code to review."""
    payload = with_changed(comment(), "issue.pull_request", None)

    assert parsed("issue_comment", payload) == Ignored(
        "the comment is on an issue, not on a pull request"
    )


@pytest.mark.parametrize("where", ["issue", "pull_request"])
@pytest.mark.parametrize(
    "mark",
    [
        {"user": {"login": "x[bot]", "type": "Bot"}},
        {"performed_via_github_app": {"id": APP}},
    ],
)
def test_a_comment_that_no_person_wrote_is_ignored(where: str, mark: Json) -> None:
    """A person may send the event of a machine's comment; its author counts."""
    name = "issue_comment" if where == "issue" else "pull_request_review_comment"

    assert isinstance(parsed(name, comment(where, **mark)), Ignored)


def test_a_comment_through_another_app_is_the_persons_own() -> None:
    """People comment through mobile and editor Apps."""
    payload = comment(performed_via_github_app={"id": APP + 1})

    assert isinstance(parsed("issue_comment", payload), IssueCommentCreated)


def test_a_reply_names_its_threads_first_comment() -> None:
    """Which finding a person answered is told by that."""
    event = parsed(
        "pull_request_review_comment", comment("pull_request", in_reply_to_id=20)
    )

    assert isinstance(event, ReviewCommentCreated)
    assert (event.in_reply_to, event.path, event.head_sha) == (20, "a.py", HEAD)


def test_a_thread_lists_its_comments() -> None:
    """Our own comment is found among them."""
    event = parsed("pull_request_review_thread", thread("resolved"))

    assert isinstance(event, ThreadResolved)
    assert (event.thread_id, event.comment_ids) == ("PRRT_1", (21, 22))


def test_an_installation_says_what_it_reaches() -> None:
    """Which repositories came and went, under which account."""
    changed = parsed("installation", EXAMPLES["installation"][0])
    grown = parsed(
        "installation_repositories", EXAMPLES["installation_repositories"][0]
    )

    assert changed == InstallationChanged(
        action="created",
        installation_id=99,
        account="octo",
        repositories=("octo/hello",),
        sender="alice",
    )
    assert grown == InstallationRepositoriesChanged(
        installation_id=99,
        account="octo",
        added=("octo/hello",),
        removed=(),
        sender="alice",
    )


def test_what_is_no_object_in_a_list_is_passed_over() -> None:
    """The list is a help; the head is what counts."""
    payload = with_changed(
        check("check_suite", "rerequested"),
        "check_suite.pull_requests",
        [None, {"number": 3}, "x"],
    )

    event = parsed("check_suite", payload)

    assert isinstance(event, CheckSuiteRerequested)
    assert event.numbers == (3,)
