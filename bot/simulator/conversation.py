"""Adds comments to a pull request's conversation."""

from bot.simulator.answers import Json
from bot.simulator.records import IssueComment, Pull, Repository
from bot.simulator.shapes.pulls import issue, issue_comment
from bot.simulator.world import World


def new_comment(
    world: World, record: Repository, pull: Pull, user: str, body: str
) -> tuple[IssueComment, Json]:
    """Add a comment; returns it and the payload of its `issue_comment` event."""
    now = world.now()
    comment = IssueComment(
        id=world.new_id(),
        number=pull.number,
        user=user,
        body=body,
        created_at=now,
        updated_at=now,
    )
    pull.comments.append(comment)
    payload = {
        "action": "created",
        "issue": issue(world, record, pull),
        "comment": issue_comment(world, record, comment),
    }
    return comment, payload
