"""Answers about the conversation of a pull request, and reactions to comments."""

from bot.simulator.answers import Answer, RefusedError, invalid
from bot.simulator.call import Call, Route
from bot.simulator.conversation import new_comment
from bot.simulator.records import Reaction
from bot.simulator.routes.code import REPO
from bot.simulator.shapes.basics import EMOJI, reaction
from bot.simulator.shapes.pulls import issue_comment

READ = ("issues:read", "pull_requests:read")
WRITE = ("issues:write", "pull_requests:write")
LIST = REPO + "/issues/{issue_number}/comments"
ONE = REPO + "/issues/comments/{comment_id}"
ON_DIFF = REPO + "/pulls/comments/{comment_id}"


async def list_comments(call: Call) -> Answer:
    """Return the conversation, oldest first."""
    record = call.repository
    pull = call.world.pull(record.full_name, call.number("issue_number"))
    found = call.since(pull.comments)
    shown = [issue_comment(call.world, record, one) for one in found]
    return Answer(body=shown, pages=True)


async def create(call: Call) -> Answer:
    """Add a comment to the conversation."""
    record = call.repository
    pull = call.world.pull(record.full_name, call.number("issue_number"))
    body = call.text("body", "IssueComment")
    comment, payload = new_comment(call.world, record, pull, call.actor.login, body)
    call.hooks.later(record, "issue_comment", payload, call.actor.login)
    return Answer(body=issue_comment(call.world, record, comment), status=201)


async def show(call: Call) -> Answer:
    """Return one comment."""
    record = call.repository
    _, comment = call.world.issue_comment(record, call.number("comment_id"))
    return Answer(body=issue_comment(call.world, record, comment))


async def update(call: Call) -> Answer:
    """Change a comment; an App may change its own only."""
    record = call.repository
    _, comment = call.world.issue_comment(record, call.number("comment_id"))
    if comment.user != call.actor.login:
        raise RefusedError(403, "Must have admin rights to Repository.")
    comment.body = call.text("body", "IssueComment")
    comment.updated_at = call.world.now()
    return Answer(body=issue_comment(call.world, record, comment))


async def delete(call: Call) -> Answer:
    """Remove a comment."""
    pull, comment = call.world.issue_comment(call.repository, call.number("comment_id"))
    pull.comments.remove(comment)
    return Answer(status=204)


def _given(call: Call) -> list[Reaction]:
    """Return the reactions to the path's comment."""
    record, number = call.repository, call.number("comment_id")
    return call.world.issue_comment(record, number)[1].reactions


def _given_on_diff(call: Call) -> list[Reaction]:
    """Return the reactions to the path's comment on the diff."""
    record, number = call.repository, call.number("comment_id")
    return call.world.review_comment(record, number)[1].reactions


def _react(call: Call, given: list[Reaction]) -> Answer:
    """Add a reaction; the same again is there already and answers 200."""
    content = call.text("content", "Reaction")
    if content not in EMOJI:
        raise invalid("Reaction", "content", "invalid")
    for one in given:
        if (one.user, one.content) == (call.actor.login, content):
            return Answer(body=reaction(call.world, one))
    made = Reaction(
        id=call.world.new_id(),
        user=call.actor.login,
        content=content,
        created_at=call.world.now(),
    )
    given.append(made)
    return Answer(body=reaction(call.world, made), status=201)


def _list(call: Call, given: list[Reaction]) -> Answer:
    """Return the reactions, all or those of one kind."""
    content = call.query.get("content")
    kept = [one for one in given if content in (None, one.content)]
    return Answer(body=[reaction(call.world, one) for one in kept], pages=True)


async def react(call: Call) -> Answer:
    """React to a comment of the conversation."""
    return _react(call, _given(call))


async def react_on_diff(call: Call) -> Answer:
    """React to a comment on the diff."""
    return _react(call, _given_on_diff(call))


async def list_reactions(call: Call) -> Answer:
    """Return the reactions to a comment of the conversation."""
    return _list(call, _given(call))


async def list_reactions_on_diff(call: Call) -> Answer:
    """Return the reactions to a comment on the diff."""
    return _list(call, _given_on_diff(call))


ROUTES = (
    Route(method="GET", path=LIST, handler=list_comments, needs=READ),
    Route(method="POST", path=LIST, handler=create, needs=WRITE),
    Route(method="GET", path=ONE, handler=show, needs=READ),
    Route(method="PATCH", path=ONE, handler=update, needs=WRITE),
    Route(method="DELETE", path=ONE, handler=delete, needs=WRITE),
    Route(method="POST", path=ONE + "/reactions", handler=react, needs=WRITE),
    Route(method="GET", path=ONE + "/reactions", handler=list_reactions, needs=READ),
    Route(
        method="POST",
        path=ON_DIFF + "/reactions",
        handler=react_on_diff,
        needs=("pull_requests:write",),
    ),
    Route(
        method="GET",
        path=ON_DIFF + "/reactions",
        handler=list_reactions_on_diff,
        needs=("pull_requests:read",),
    ),
)
