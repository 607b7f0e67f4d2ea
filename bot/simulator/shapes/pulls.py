"""Pull requests, their files and conversations as GitHub's REST shows them."""

import zlib
from urllib.parse import quote

from bot.simulator.answers import Json
from bot.simulator.diffs import FileDiff
from bot.simulator.records import IssueComment, Pull, Repository
from bot.simulator.shapes.basics import maybe_time, node_id, reactions, time, user
from bot.simulator.shapes.repositories import repository
from bot.simulator.world import World

ASSOCIATIONS = {"admin": "OWNER", "maintain": "COLLABORATOR", "write": "COLLABORATOR"}


def association(world: World, record: Repository, login: str) -> str:
    """Return how a user stands to the repository."""
    return ASSOCIATIONS.get(world.role(record, login), "NONE")


def label(world: World, record: Repository, name: str) -> Json:
    """Return a label of the repository; its id is made of its name."""
    number = 1 + zlib.crc32(f"{record.full_name}/{name}".encode())
    place = f"{world.api_url}/repos/{record.full_name}/labels/{quote(name, safe='')}"
    return {
        "id": number,
        "node_id": node_id("LA", number),
        "url": place,
        "name": name,
        "description": None,
        "color": "ededed",
        "default": False,
    }


def short_pull(world: World, record: Repository, pull: Pull) -> Json:
    """Return a pull request as lists and most webhooks show it."""
    url = f"{world.api_url}/repos/{record.full_name}"
    page = f"{world.url}/{record.full_name}/pull/{pull.number}"
    links = {
        "self": f"{url}/pulls/{pull.number}",
        "html": page,
        "issue": f"{url}/issues/{pull.number}",
        "comments": f"{url}/issues/{pull.number}/comments",
        "review_comments": f"{url}/pulls/{pull.number}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{url}/pulls/{pull.number}/commits",
        "statuses": f"{url}/statuses/{pull.head_sha}",
    }
    return {
        "url": links["self"],
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": link for name, link in links.items() if name in KEPT},
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": user(world, pull.user),
        "body": pull.body,
        "labels": [label(world, record, one) for one in pull.labels],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": time(pull.created_at),
        "updated_at": time(pull.updated_at),
        "closed_at": maybe_time(pull.closed_at),
        "merged_at": maybe_time(pull.merged_at),
        "merge_commit_sha": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _end(world, record, pull.head_ref, pull.head_sha, pull.fork),
        "base": _end(world, record, pull.base_ref, pull.base_sha, None),
        "_links": {name: {"href": link} for name, link in links.items()},
        "author_association": association(world, record, pull.user),
        "auto_merge": None,
        "draft": pull.draft,
    }


KEPT = frozenset(
    ("issue", "comments", "review_comments", "review_comment", "commits", "statuses")
)


def full_pull(world: World, record: Repository, pull: Pull) -> Json:
    """Return a pull request with its counts."""
    return {
        **short_pull(world, record, pull),
        "merged": pull.merged_at is not None,
        "mergeable": None if pull.closed_at else True,
        "rebaseable": None,
        "mergeable_state": "unknown" if pull.closed_at else "clean",
        "merged_by": user(world, record.owner) if pull.merged_at else None,
        "comments": len(pull.comments),
        "review_comments": len(pull.review_comments),
        "maintainer_can_modify": False,
        "commits": len(pull.commits),
        "additions": sum(file.additions for file in pull.files),
        "deletions": sum(file.deletions for file in pull.files),
        "changed_files": len(pull.files),
    }


def _end(
    world: World, record: Repository, ref: str, sha: str, fork: str | None
) -> Json:
    """Return the head or the base of a pull request."""
    owner = (fork or record.full_name).partition("/")[0]
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(world, owner),
        "repo": repository(world, record, fork=fork),
    }


def changed_file(world: World, record: Repository, file: FileDiff, sha: str) -> Json:
    """Return one changed file; a binary or huge one has no patch."""
    url = f"{world.api_url}/repos/{record.full_name}/contents"
    page = f"{world.url}/{record.full_name}"
    path = quote(file.path.encode("utf-8", "surrogateescape"))
    shown: Json = {
        "sha": file.sha,
        "filename": _text(file.path),
        "status": file.status,
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": f"{page}/blob/{sha}/{path}",
        "raw_url": f"{page}/raw/{sha}/{path}",
        "contents_url": f"{url}/{path}?ref={sha}",
    }
    if file.previous is not None:
        shown["previous_filename"] = _text(file.previous)
    if file.patch is not None:
        shown["patch"] = file.patch.decode("utf-8", "replace")
    return shown


def _text(path: str) -> str:
    """Return a path as JSON can carry it: what is no UTF-8 becomes U+FFFD."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def issue_comment(world: World, record: Repository, comment: IssueComment) -> Json:
    """Return a comment of a pull request's conversation."""
    url = f"{world.api_url}/repos/{record.full_name}/issues"
    own = f"{url}/comments/{comment.id}"
    page = f"{world.url}/{record.full_name}/pull/{comment.number}"
    return {
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": own,
        "html_url": f"{page}#issuecomment-{comment.id}",
        "issue_url": f"{url}/{comment.number}",
        "user": user(world, comment.user),
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "author_association": association(world, record, comment.user),
        "body": comment.body,
        "reactions": reactions(own, comment.reactions),
        "performed_via_github_app": None,
    }


def issue(world: World, record: Repository, pull: Pull) -> Json:
    """Return a pull request as the issue that it also is."""
    url = f"{world.api_url}/repos/{record.full_name}"
    own = f"{url}/issues/{pull.number}"
    page = f"{world.url}/{record.full_name}/pull/{pull.number}"
    return {
        "url": own,
        "repository_url": url,
        "labels_url": f"{own}/labels{{/name}}",
        "comments_url": f"{own}/comments",
        "events_url": f"{own}/events",
        "html_url": page,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": pull.number,
        "title": pull.title,
        "user": user(world, pull.user),
        "labels": [],
        "state": pull.state,
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(pull.comments),
        "created_at": time(pull.created_at),
        "updated_at": time(pull.updated_at),
        "closed_at": maybe_time(pull.closed_at),
        "author_association": association(world, record, pull.user),
        "active_lock_reason": None,
        "body": pull.body,
        "draft": pull.draft,
        "reactions": reactions(own, []),
        "performed_via_github_app": None,
        "state_reason": None,
        "timeline_url": f"{own}/timeline",
        "pull_request": {
            "url": f"{url}/pulls/{pull.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": maybe_time(pull.merged_at),
        },
    }
