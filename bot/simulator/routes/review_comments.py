"""Answers about single comments on the diff: made, answered, changed, listed."""

from bot.simulator.answers import Answer, Json, RefusedError, invalid, not_found
from bot.simulator.call import Call, Route
from bot.simulator.placing import (
    KEYS,
    Anchored,
    MisplacedError,
    anchored,
    file_of,
    refuse_unknown,
)
from bot.simulator.records import Place, Pull, ReviewComment
from bot.simulator.reviewing import PENDING, Reviewing
from bot.simulator.routes.code import REPO
from bot.simulator.routes.pulls import PULL
from bot.simulator.routes.reviews import READ, WRITE
from bot.simulator.shapes.reviews import review_comment

ALL_KEYS = KEYS | {"commit_id", "in_reply_to", "subject_type"}
RESOURCE = "PullRequestReviewComment"
ONE = REPO + "/pulls/comments/{comment_id}"


def _shown(call: Call, pull: Pull, comment: ReviewComment) -> Json:
    return review_comment(call.world, call.repository, pull, comment)


def _reviewing(call: Call) -> Reviewing:
    login = call.actor.login
    return Reviewing(call.world, call.hooks, call.repository, call.pull, login)


def published(pull: Pull) -> list[ReviewComment]:
    """Return the comments whose review is not pending any more."""
    pending = {review.id for review in pull.reviews if review.state == PENDING}
    return [one for one in pull.review_comments if one.review_id not in pending]


async def list_comments(call: Call) -> Answer:
    """Return the published comments of a pull request, oldest first."""
    pull = call.pull
    found = call.since(published(pull))
    if call.query.get("direction") == "desc":
        found.reverse()
    return Answer(body=[_shown(call, pull, one) for one in found], pages=True)


async def create(call: Call) -> Answer:
    """Publish one comment on a line, a range or a whole file, or a reply."""
    refuse_unknown(call.body, ALL_KEYS)
    body = call.text("body", RESOURCE)
    pull = call.pull
    if call.body.get("in_reply_to") is not None:
        return _answered(call, pull, call.body["in_reply_to"], body)
    if not isinstance(call.body.get("commit_id"), str):
        raise invalid(RESOURCE, "commit_id", "missing_field")
    reviewing = _reviewing(call)
    commit = call.body["commit_id"]
    if commit not in pull.known_commits:
        message = "commit_id is not part of the pull request"
        raise invalid(RESOURCE, "commit_id", "custom", message)
    files = await reviewing.files(commit)
    try:
        if call.body.get("subject_type") == "file":
            path = file_of(files, call.body).path
            anchor = Anchored(place=Place(path=path), diff_hunk="", position=1)
        else:
            anchor = anchored(files, call.body)
    except MisplacedError as error:
        raise _misplaced(str(error)) from error
    made = await reviewing.single(anchor, body, commit)
    return Answer(body=_shown(call, pull, made), status=201)


def _misplaced(message: str) -> RefusedError:
    """Return the refusal of a single comment, which does name the field."""
    name = "path" if "path" in message else "line"
    return invalid(RESOURCE, f"pull_request_review_thread.{name}", "custom", message)


def _answered(call: Call, pull: Pull, number: object, body: str) -> Answer:
    """Publish a reply in the thread of a comment."""
    for comment in published(pull):
        if comment.id == number:
            made = _reviewing(call).reply(comment, body)
            return Answer(body=_shown(call, pull, made), status=201)
    raise not_found()


async def reply(call: Call) -> Answer:
    """Publish a reply in the thread of the path's comment."""
    body = call.text("body", RESOURCE)
    return _answered(call, call.pull, call.number("comment_id"), body)


async def show(call: Call) -> Answer:
    """Return one comment."""
    number = call.number("comment_id")
    pull, comment = call.world.review_comment(call.repository, number)
    return Answer(body=_shown(call, pull, comment))


async def update(call: Call) -> Answer:
    """Change a comment's text."""
    number = call.number("comment_id")
    pull, comment = call.world.review_comment(call.repository, number)
    comment.body = call.text("body", RESOURCE)
    comment.updated_at = call.world.now()
    return Answer(body=_shown(call, pull, comment))


async def delete(call: Call) -> Answer:
    """Remove a comment."""
    number = call.number("comment_id")
    pull, comment = call.world.review_comment(call.repository, number)
    pull.review_comments.remove(comment)
    return Answer(status=204)


ROUTES = (
    Route(method="GET", path=PULL + "/comments", handler=list_comments, needs=READ),
    Route(method="POST", path=PULL + "/comments", handler=create, needs=WRITE),
    Route(
        method="POST",
        path=PULL + "/comments/{comment_id}/replies",
        handler=reply,
        needs=WRITE,
    ),
    Route(method="GET", path=ONE, handler=show, needs=READ),
    Route(method="PATCH", path=ONE, handler=update, needs=WRITE),
    Route(method="DELETE", path=ONE, handler=delete, needs=WRITE),
)
