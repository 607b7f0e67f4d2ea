"""Answers about reviews: made, submitted, deleted and listed."""

import asyncio

from bot.simulator.answers import Answer, Json, RefusedError, not_found, unprocessable
from bot.simulator.call import Call, Route
from bot.simulator.placing import refuse_unknown
from bot.simulator.records import Review
from bot.simulator.reviewing import PENDING, Reviewing
from bot.simulator.routes.pulls import PULL
from bot.simulator.shapes.reviews import comment_of_review, review

READ = ("pull_requests:read",)
WRITE = ("pull_requests:write",)
KEYS = frozenset(("commit_id", "body", "event", "comments"))
MOST_COMMENTS = 30
STRUGGLE_SECONDS = 0.2
ONE = PULL + "/reviews/{review_id}"


def _reviewing(call: Call) -> Reviewing:
    login = call.actor.login
    return Reviewing(call.world, call.hooks, call.repository, call.pull, login)


def _visible(call: Call) -> Review:
    """Return the review of the path; others do not see a pending one."""
    found = call.world.review(call.pull, call.number("review_id"))
    if found.state == PENDING and found.user != call.actor.login:
        raise not_found()
    return found


def _shown(call: Call, one: Review) -> Json:
    return review(call.world, call.repository, call.pull, one)


def _text(call: Call) -> str:
    """Return the body of a review, which may be left out."""
    body = call.body.get("body") or ""
    if not isinstance(body, str):
        raise unprocessable("Body must be a string")
    return body


async def create(call: Call) -> Answer:
    """Make a review; more than 30 comments take long and come to nothing."""
    reviewing = _reviewing(call)
    refuse_unknown(call.body, KEYS)
    comments = call.body.get("comments", [])
    if not isinstance(comments, list):
        raise unprocessable("Comments must be an array")
    if len(comments) > MOST_COMMENTS:
        await asyncio.sleep(STRUGGLE_SECONDS)
        raise RefusedError(502, "Server Error")
    event, commit = call.body.get("event"), call.body.get("commit_id")
    made = await reviewing.create(_text(call), event, commit, comments)
    return Answer(body=_shown(call, made))


async def list_reviews(call: Call) -> Answer:
    """Return the reviews, oldest first; only the own pending one."""
    seen = [
        _shown(call, one)
        for one in call.pull.reviews
        if one.state != PENDING or one.user == call.actor.login
    ]
    return Answer(body=seen, pages=True)


async def show(call: Call) -> Answer:
    """Return one review."""
    return Answer(body=_shown(call, _visible(call)))


async def update(call: Call) -> Answer:
    """Change a review's text."""
    found = _visible(call)
    found.body = call.text("body", "PullRequestReview")
    return Answer(body=_shown(call, found))


async def delete(call: Call) -> Answer:
    """Take back a pending review."""
    found = _visible(call)
    shown = _shown(call, found)
    _reviewing(call).delete(found)
    return Answer(body=shown)


async def list_comments(call: Call) -> Answer:
    """Return the comments of one review, without their lines."""
    found = _visible(call)
    shown = [
        comment_of_review(call.world, call.repository, call.pull, comment)
        for comment in _reviewing(call).comments(found)
    ]
    return Answer(body=shown, pages=True)


async def submit(call: Call) -> Answer:
    """Submit a pending review."""
    found = _visible(call)
    body = _text(call) if "body" in call.body else None
    _reviewing(call).submit(found, call.body.get("event"), body)
    return Answer(body=_shown(call, found))


async def dismiss(call: Call) -> Answer:
    """Dismiss a review that approved or asked for changes."""
    found = _visible(call)
    call.text("message", "PullRequestReview")
    if found.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise unprocessable("Can not dismiss a commented pull request review")
    found.state = "DISMISSED"
    return Answer(body=_shown(call, found))


ROUTES = (
    Route(method="GET", path=PULL + "/reviews", handler=list_reviews, needs=READ),
    Route(method="POST", path=PULL + "/reviews", handler=create, needs=WRITE),
    Route(method="GET", path=ONE, handler=show, needs=READ),
    Route(method="PUT", path=ONE, handler=update, needs=WRITE),
    Route(method="DELETE", path=ONE, handler=delete, needs=WRITE),
    Route(method="GET", path=ONE + "/comments", handler=list_comments, needs=READ),
    Route(method="POST", path=ONE + "/events", handler=submit, needs=WRITE),
    Route(method="PUT", path=ONE + "/dismissals", handler=dismiss, needs=WRITE),
)
