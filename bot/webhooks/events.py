"""Turns a payload into one typed event, or says why nofx has nothing to do; pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.webhooks.event_types import (
    CheckRequest,
    CheckRunActionRequested,
    CheckRunRerequested,
    CheckSuiteRerequested,
    Event,
    InstallationChanged,
    InstallationRepositoriesChanged,
    IssueCommentCreated,
    Ping,
    PullRequestChange,
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
from bot.webhooks.fields import FieldError, Fields
from bot.webhooks.outcome import Ignored

Parse = Callable[[Fields, int | None], Event | Ignored]
# Whose check it is, is told by the App's id; GitHub may name the App itself as sender.
# A bot's pull request wants a review as a person's does, and nofx never pushes, so no
# loop can come of it. Comments are where two bots would answer each other for ever.
BOTS_MAY_SEND = frozenset({"check_run", "check_suite", "pull_request"})


def parse_event(
    name: str, payload: Mapping[str, object], *, app_id: int | None = None
) -> Event | Ignored:
    """Return the event that the payload of a delivery `name` describes.

    Lenient: only the fields that are used must be there, and one that is not makes the
    answer `Ignored` with its name; nothing is raised. `app_id` is our own App's.
    """
    fields = Fields(payload)
    action = fields.maybe_text("action")
    what = name if action is None else f"{name}.{action}"
    parse = PARSERS.get(what) or PARSERS.get(name)
    if parse is None:
        return Ignored(f"nofx does not act on {what[:100]}")
    if name not in BOTS_MAY_SEND and fields.maybe_text("sender.type") == "Bot":
        return Ignored("the sender is a bot")
    try:
        return parse(fields, app_id)
    except FieldError as error:
        return Ignored(f"{error} in {what}")


def _place(fields: Fields) -> dict[str, Any]:
    """Return the arguments that every RepositoryEvent takes."""
    return {
        "installation_id": fields.maybe_number("installation.id"),
        "repository": fields.repository("repository.full_name"),
        "repository_id": fields.number("repository.id"),
        "sender": fields.text("sender.login"),
    }


def _pull(fields: Fields) -> dict[str, Any]:
    """Return the arguments that every PullRequestEvent takes."""
    fork = "pull_request.head.repo.full_name"
    return {
        **_place(fields),
        "number": fields.number("pull_request.number"),
        "title": fields.maybe_text("pull_request.title") or "",
        "author": fields.maybe_text("pull_request.user.login") or "ghost",
        "draft": fields.flag("pull_request.draft"),
        "head_sha": fields.sha("pull_request.head.sha"),
        "head_ref": fields.text("pull_request.head.ref"),
        "head_repository": fields.repository(fork) if fields.has(fork) else None,
        "base_sha": fields.sha("pull_request.base.sha"),
        "base_ref": fields.text("pull_request.base.ref"),
    }


def _labeled(fields: Fields, _: int | None) -> PullRequestLabeled:
    return PullRequestLabeled(
        **_pull(fields),
        label=fields.text("label.name"),
        added=fields.text("action") == "labeled",
        by_person=fields.maybe_text("sender.type") == "User",
    )


def _pull_request(fields: Fields, _: int | None) -> PullRequestChange | Ignored:
    pull = _pull(fields)
    match fields.text("action"):
        case "opened":
            return PullRequestOpened(**pull)
        case "reopened":
            return PullRequestReopened(**pull)
        case "ready_for_review":
            return PullRequestReady(**pull)
        case "synchronize":
            return PullRequestSynchronized(**pull, before=fields.maybe_text("before"))
        case "closed":
            return PullRequestClosed(**pull, merged=fields.flag("pull_request.merged"))
        case _:
            return _edited(fields, pull)


def _edited(fields: Fields, pull: dict[str, Any]) -> PullRequestRebased | Ignored:
    if not fields.has("changes.base"):
        return Ignored("the edit leaves the base branch as it is")
    return PullRequestRebased(**pull, old_base_ref=fields.text("changes.base.ref.from"))


def _check_run(fields: Fields, app_id: int | None) -> CheckRequest | Ignored:
    if (other := _not_ours(fields, "check_run", app_id)) is not None:
        return other
    check: dict[str, Any] = {
        **_check(fields, "check_run"),
        "check_run_id": fields.number("check_run.id"),
        "external_id": fields.maybe_text("check_run.external_id") or None,
    }
    if fields.text("action") == "rerequested":
        return CheckRunRerequested(**check)
    identifier = fields.text("requested_action.identifier")
    return CheckRunActionRequested(**check, identifier=identifier)


def _check_suite(fields: Fields, app_id: int | None) -> CheckRequest | Ignored:
    other = _not_ours(fields, "check_suite", app_id)
    return other or CheckSuiteRerequested(**_check(fields, "check_suite"))


def _not_ours(fields: Fields, kind: str, app_id: int | None) -> Ignored | None:
    if app_id is None:
        return Ignored("without our App's id nobody can tell whose check it is")
    if fields.number(f"{kind}.app.id") != app_id:
        return Ignored("the check belongs to another App")
    return None


def _check(fields: Fields, kind: str) -> dict[str, Any]:
    """Return the arguments that every CheckEvent takes."""
    pulls = fields.each(f"{kind}.pull_requests")
    return {
        **_place(fields),
        "head_sha": fields.sha(f"{kind}.head_sha"),
        "numbers": tuple(pull.number("number") for pull in pulls),
    }


def _issue_comment(fields: Fields, app_id: int | None) -> IssueCommentCreated | Ignored:
    if not fields.has("issue.pull_request"):
        return Ignored("the comment is on an issue, not on a pull request")
    if (machine := _by_machine(fields, app_id)) is not None:
        return machine
    return IssueCommentCreated(
        **_comment(fields),
        number=fields.number("issue.number"),
        closed=fields.maybe_text("issue.state") == "closed",
    )


def _review_comment(
    fields: Fields, app_id: int | None
) -> ReviewCommentCreated | Ignored:
    if (machine := _by_machine(fields, app_id)) is not None:
        return machine
    return ReviewCommentCreated(
        **_comment(fields),
        number=fields.number("pull_request.number"),
        path=fields.text("comment.path"),
        in_reply_to=fields.maybe_number("comment.in_reply_to_id"),
        head_sha=fields.sha("pull_request.head.sha"),
    )


def _by_machine(fields: Fields, app_id: int | None) -> Ignored | None:
    """Say so when no person wrote the comment, whoever sent the event."""
    if fields.maybe_text("comment.user.type") == "Bot":
        return Ignored("the comment was written by a bot")
    via = fields.maybe_number("comment.performed_via_github_app.id")
    if via is not None and via == app_id:
        return Ignored("the comment is our own")
    return None


def _comment(fields: Fields) -> dict[str, Any]:
    """Return the arguments that every CommentEvent takes, but for the number."""
    return {
        **_place(fields),
        "comment_id": fields.number("comment.id"),
        "body": fields.text("comment.body"),
        "author": fields.text("comment.user.login"),
        "association": fields.maybe_text("comment.author_association") or "NONE",
        "written_at": _moment(fields.maybe_text("comment.created_at")),
    }


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _thread(fields: Fields, _: int | None) -> ThreadResolved | ThreadUnresolved:
    comments = fields.each("thread.comments")
    thread: dict[str, Any] = {
        **_place(fields),
        "number": fields.number("pull_request.number"),
        "head_sha": fields.sha("pull_request.head.sha"),
        "thread_id": fields.text("thread.node_id"),
        "comment_ids": tuple(comment.number("id") for comment in comments),
    }
    if fields.text("action") == "resolved":
        return ThreadResolved(**thread)
    return ThreadUnresolved(**thread)


def _installation(fields: Fields, _: int | None) -> InstallationChanged:
    return InstallationChanged(
        action=fields.text("action"),
        installation_id=fields.number("installation.id"),
        account=fields.text("installation.account.login"),
        repositories=_names(fields, "repositories"),
        sender=fields.text("sender.login"),
    )


def _installation_repositories(
    fields: Fields, _: int | None
) -> InstallationRepositoriesChanged:
    return InstallationRepositoriesChanged(
        installation_id=fields.number("installation.id"),
        account=fields.text("installation.account.login"),
        added=_names(fields, "repositories_added"),
        removed=_names(fields, "repositories_removed"),
        sender=fields.text("sender.login"),
    )


def _names(fields: Fields, path: str) -> tuple[str, ...]:
    return tuple(each.repository("full_name") for each in fields.each(path))


def _ping(fields: Fields, _: int | None) -> Ping:
    return Ping(zen=fields.maybe_text("zen"), app_id=fields.maybe_number("hook.app_id"))


# `name.action`, or the bare name where every action counts.
PARSERS: Mapping[str, Parse] = {
    "ping": _ping,
    "pull_request.opened": _pull_request,
    "pull_request.synchronize": _pull_request,
    "pull_request.reopened": _pull_request,
    "pull_request.ready_for_review": _pull_request,
    "pull_request.closed": _pull_request,
    "pull_request.edited": _pull_request,
    "pull_request.labeled": _labeled,
    "pull_request.unlabeled": _labeled,
    "check_run.rerequested": _check_run,
    "check_run.requested_action": _check_run,
    "check_suite.rerequested": _check_suite,
    "issue_comment.created": _issue_comment,
    "pull_request_review_comment.created": _review_comment,
    "pull_request_review_thread.resolved": _thread,
    "pull_request_review_thread.unresolved": _thread,
    "installation": _installation,
    "installation_repositories": _installation_repositories,
}
KINDS = frozenset(name.partition(".")[0] for name in PARSERS)
