"""Small payloads as GitHub sends them, one for each event that nofx acts on."""

from collections.abc import Mapping
from typing import Any

from bot.webhooks.event_types import (
    CheckRunActionRequested,
    CheckRunRerequested,
    CheckSuiteRerequested,
    Event,
    InstallationChanged,
    InstallationRepositoriesChanged,
    IssueCommentCreated,
    Ping,
    PullRequestClosed,
    PullRequestLabeled,
    PullRequestOpened,
    PullRequestReady,
    PullRequestRebased,
    PullRequestReopened,
    PullRequestSynchronized,
    ReviewCommentCreated,
    ThreadResolved,
    ThreadUnresolved,
)
from bot.webhooks.events import parse_event
from bot.webhooks.outcome import Ignored

HEAD = "c" * 40
BASE = "b" * 40
APP = 7
Json = dict[str, Any]


def delivery(action: str | None, **parts: Any) -> Json:
    """Return a payload as GitHub sends it, with the parts that every event has."""
    return {
        **({} if action is None else {"action": action}),
        "installation": {"id": 99, "account": {"login": "octo"}},
        "repository": {"id": 5, "full_name": "octo/hello"},
        "sender": {"login": "alice", "type": "User"},
        **parts,
    }


def pull(action: str, **more: Any) -> Json:
    """Return a payload of the event pull_request."""
    request = {
        "number": 3,
        "title": "Greet",
        "user": {"login": "alice"},
        "draft": False,
        "merged": False,
        "head": {"sha": HEAD, "ref": "feature", "repo": {"full_name": "fork/hello"}},
        "base": {"sha": BASE, "ref": "main"},
    }
    return delivery(action, pull_request=request, **more)


def check(kind: str, action: str, **more: Any) -> Json:
    """Return a payload of check_run or check_suite, about a check of ours."""
    subject = {
        "id": 11,
        "external_id": "run_1",
        "head_sha": HEAD,
        "app": {"id": APP},
        "pull_requests": [{"number": 3}],
    }
    return delivery(action, **{kind: subject}, **more)


def comment(where: str = "issue", **more: Any) -> Json:
    """Return a payload of a comment in the conversation, or on a line."""
    said = {
        "id": 21,
        "body": "/nofx rerun",
        "user": {"login": "alice", "type": "User"},
        "author_association": "MEMBER",
        "path": "a.py",
        **more,
    }
    subject = {
        "issue": {"number": 3, "state": "open", "pull_request": {"url": "…"}},
        "pull_request": pull("x")["pull_request"],
    }
    return delivery("created", comment=said, **{where: subject[where]})


def thread(action: str) -> Json:
    """Return a payload of pull_request_review_thread."""
    return pull(action) | {
        "thread": {"node_id": "PRRT_1", "comments": [{"id": 21}, {"id": 22}]}
    }


# One payload for each row of the table of parsers, and what it must become.
EXAMPLES: Mapping[str, tuple[Json, type[Event]]] = {
    "ping": (delivery(None, zen="Keep it simple.", hook={"app_id": APP}), Ping),
    "pull_request.opened": (pull("opened"), PullRequestOpened),
    "pull_request.synchronize": (pull("synchronize"), PullRequestSynchronized),
    "pull_request.reopened": (pull("reopened"), PullRequestReopened),
    "pull_request.ready_for_review": (pull("ready_for_review"), PullRequestReady),
    "pull_request.closed": (pull("closed"), PullRequestClosed),
    "pull_request.edited": (
        pull("edited", changes={"base": {"ref": {"from": "old"}}}),
        PullRequestRebased,
    ),
    "pull_request.labeled": (
        pull("labeled", label={"name": "ready"}),
        PullRequestLabeled,
    ),
    "pull_request.unlabeled": (
        pull("unlabeled", label={"name": "ready"}),
        PullRequestLabeled,
    ),
    "check_run.rerequested": (check("check_run", "rerequested"), CheckRunRerequested),
    "check_run.requested_action": (
        check("check_run", "requested_action", requested_action={"identifier": "go"}),
        CheckRunActionRequested,
    ),
    "check_suite.rerequested": (
        check("check_suite", "rerequested"),
        CheckSuiteRerequested,
    ),
    "issue_comment.created": (comment(), IssueCommentCreated),
    "pull_request_review_comment.created": (
        comment("pull_request"),
        ReviewCommentCreated,
    ),
    "pull_request_review_thread.resolved": (thread("resolved"), ThreadResolved),
    "pull_request_review_thread.unresolved": (thread("unresolved"), ThreadUnresolved),
    "installation": (
        delivery("created", repositories=[{"full_name": "octo/hello"}]),
        InstallationChanged,
    ),
    "installation_repositories": (
        delivery("added", repositories_added=[{"full_name": "octo/hello"}]),
        InstallationRepositoriesChanged,
    ),
}


def parsed(what: str, payload: Mapping[str, object]) -> Event | Ignored:
    """Parse a payload of `event` or `event.action` as our App."""
    return parse_event(what.partition(".")[0], payload, app_id=APP)


def with_changed(value: Json, path: str, new: object) -> Json:
    """Return a copy in which what is at `path` is another value."""
    key, _, rest = path.partition(".")
    return {**value, key: with_changed(value[key], rest, new) if rest else new}
