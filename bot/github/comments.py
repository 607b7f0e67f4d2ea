"""Conversation: issue comments, reactions, and what a person may do here."""

from enum import StrEnum
from typing import Literal
from urllib.parse import quote

from bot.github.client import Connection
from bot.github.clipping import COMMENT_TEXT, clip
from bot.github.markers import SUMMARY
from bot.github.values import (
    IssueComment,
    RepositoryPermission,
    ReviewComment,
    decode,
)
from core.errors import GitHubNotFoundError

Reaction = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]


class Permission(StrEnum):
    """What a person may do in a repository, most first."""

    ADMIN = "admin"
    MAINTAIN = "maintain"
    WRITE = "write"
    TRIAGE = "triage"
    READ = "read"
    NONE = "none"

    @property
    def may_write(self) -> bool:
        """Return True from write upwards."""
        return self in (Permission.ADMIN, Permission.MAINTAIN, Permission.WRITE)


async def list_comments(
    gh: Connection, repo: str, number: int
) -> tuple[IssueComment, ...]:
    """Return the conversation of a pull request, oldest first."""
    path = f"/repos/{repo}/issues/{number}/comments"
    return tuple(decode(IssueComment, item, path) for item in await gh.pages(path))


async def find_comment(
    gh: Connection, repo: str, number: int, marker: str, author: str
) -> IssueComment | None:
    """Return the first comment that holds `marker` and was written by `author`."""
    for comment in await list_comments(gh, repo, number):
        if comment.author == author and marker in comment.body:
            return comment
    return None


async def get_review_comment(
    gh: Connection, repo: str, comment_id: int
) -> ReviewComment:
    """Return one comment on a line."""
    path = f"/repos/{repo}/pulls/comments/{comment_id}"
    return decode(ReviewComment, await gh.get(path), path)


async def create_comment(
    gh: Connection, repo: str, number: int, body: str, *, marker: str
) -> IssueComment:
    """Write a comment that ends in `marker`; UnclearAnswerError → `find_comment`."""
    path = f"/repos/{repo}/issues/{number}/comments"
    text = clip(body, COMMENT_TEXT, tail=f"\n\n{marker}")
    return decode(IssueComment, await gh.post(path, {"body": text}), path)


async def update_comment(
    gh: Connection, repo: str, comment_id: int, body: str, *, marker: str
) -> IssueComment:
    """Replace a comment's text, keeping `marker` at its end."""
    path = f"/repos/{repo}/issues/comments/{comment_id}"
    text = clip(body, COMMENT_TEXT, tail=f"\n\n{marker}")
    return decode(IssueComment, await gh.patch(path, {"body": text}), path)


async def find_summary(
    gh: Connection, repo: str, number: int, author: str
) -> IssueComment | None:
    """Return our summary comment, if it was written already."""
    return await find_comment(gh, repo, number, SUMMARY, author)


async def upsert_summary(
    gh: Connection, repo: str, number: int, body: str, author: str
) -> IssueComment:
    """Write the one summary comment, or change it where its text is another.

    Safe to call again after UnclearAnswerError: it looks before it writes.
    """
    known = await find_summary(gh, repo, number, author)
    if known is None:
        return await create_comment(gh, repo, number, body, marker=SUMMARY)
    if known.body == clip(body, COMMENT_TEXT, tail=f"\n\n{SUMMARY}"):
        return known
    return await update_comment(gh, repo, known.id, body, marker=SUMMARY)


async def react_to_comment(
    gh: Connection, repo: str, comment_id: int, reaction: Reaction
) -> None:
    """React to a comment in the conversation; GitHub keeps one of a kind per author."""
    path = f"/repos/{repo}/issues/comments/{comment_id}/reactions"
    await gh.post(path, {"content": reaction}, repeatable=True)


async def react_to_review_comment(
    gh: Connection, repo: str, comment_id: int, reaction: Reaction
) -> None:
    """React to a comment on a line."""
    path = f"/repos/{repo}/pulls/comments/{comment_id}/reactions"
    await gh.post(path, {"content": reaction}, repeatable=True)


async def permission(gh: Connection, repo: str, user: str) -> Permission:
    """Return what `user` may do; a stranger is none, a custom role what it is based on.

    GitHub's `permission` knows no maintain and no triage; `role_name` does.
    """
    path = f"/repos/{repo}/collaborators/{quote(user, safe='')}/permission"
    try:
        answer = decode(RepositoryPermission, await gh.get(path), path)
    except GitHubNotFoundError:
        return Permission.NONE
    known = {kind.value for kind in Permission}
    role = answer.role_name if answer.role_name in known else answer.permission
    return Permission(role) if role in known else Permission.NONE
