"""Reviews and their comments as GitHub's REST shows them."""

from bot.simulator.answers import Json
from bot.simulator.records import Place, Pull, Repository, Review, ReviewComment
from bot.simulator.shapes.basics import node_id, reactions, time, user
from bot.simulator.shapes.pulls import association
from bot.simulator.world import World

NOWHERE = Place(path="")
LINE_FIELDS = (
    "line",
    "original_line",
    "start_line",
    "original_start_line",
    "start_side",
    "side",
    "subject_type",
)


def review(world: World, record: Repository, pull: Pull, one: Review) -> Json:
    """Return a review; a pending one has no `submitted_at`."""
    api = f"{world.api_url}/repos/{record.full_name}/pulls/{pull.number}"
    page = f"{world.url}/{record.full_name}/pull/{pull.number}"
    html = f"{page}#pullrequestreview-{one.id}"
    shown: Json = {
        "id": one.id,
        "node_id": node_id("PRR", one.id),
        "user": user(world, one.user),
        "body": one.body,
        "state": one.state,
        "html_url": html,
        "pull_request_url": api,
        "author_association": association(world, record, one.user),
        "_links": {"html": {"href": html}, "pull_request": {"href": api}},
        "commit_id": one.commit_id,
    }
    if one.submitted_at is not None:
        shown["submitted_at"] = time(one.submitted_at)
    return shown


def review_comment(
    world: World, record: Repository, pull: Pull, comment: ReviewComment
) -> Json:
    """Return a comment on the diff; once outdated, its `line` is null."""
    url = f"{world.api_url}/repos/{record.full_name}/pulls"
    page = f"{world.url}/{record.full_name}/pull/{pull.number}"
    links = {
        "self": f"{url}/comments/{comment.id}",
        "html": f"{page}#discussion_r{comment.id}",
        "pull_request": f"{url}/{pull.number}",
    }
    original, place = comment.original, comment.place or NOWHERE
    shown: Json = {
        "url": links["self"],
        "pull_request_review_id": comment.review_id,
        "id": comment.id,
        "node_id": node_id("PRRC", comment.id),
        "diff_hunk": comment.diff_hunk,
        "path": original.path,
        "commit_id": comment.commit_id,
        "original_commit_id": comment.original_commit_id,
        "user": user(world, comment.user),
        "body": comment.body,
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "html_url": links["html"],
        "pull_request_url": links["pull_request"],
        "author_association": association(world, record, comment.user),
        "_links": {name: {"href": link} for name, link in links.items()},
        "reactions": reactions(links["self"], comment.reactions),
        "start_line": place.start_line,
        "original_start_line": original.start_line,
        "start_side": original.start_side,
        "line": place.line,
        "original_line": original.line,
        "side": original.side,
        "original_position": comment.original_position,
        "position": comment.position,
        "subject_type": "file" if original.line is None else "line",
    }
    if comment.in_reply_to is not None:
        shown["in_reply_to_id"] = comment.in_reply_to
    return shown


def comment_of_review(
    world: World, record: Repository, pull: Pull, comment: ReviewComment
) -> Json:
    """Return a comment as the list of one review shows it: without its lines."""
    shown = review_comment(world, record, pull, comment)
    return {name: value for name, value in shown.items() if name not in LINE_FIELDS}
