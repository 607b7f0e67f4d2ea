"""Compares a review that stands at GitHub with its draft, and mends the difference."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bot.github.client import Connection
from bot.github.markers import fingerprint_in
from bot.github.review_draft import DraftComment, PublishedReview, ReviewDraft
from bot.github.reviews_rest import delete_orphan, list_review_comments, post_singly
from bot.github.values import Review, ReviewComment
from core.errors import GitHubNotFoundError

LOST = "the MCP server took it and it does not stand there"
MOVED = "the MCP server put it on another line"
log = structlog.get_logger("nofx.mcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands of a draft: `posted` right, `wrong` to be taken away."""

    posted: Mapping[str, int]
    wrong: tuple[int, ...] = ()
    moved: frozenset[str] = field(default_factory=frozenset)


async def complete_review(
    gh: Connection,
    repo: str,
    number: int,
    draft: ReviewDraft,
    author: str,
    review: Review,
    refused: Mapping[str, str],
) -> PublishedReview:
    """Read the submitted review back and bring it to what the draft says, by REST.

    What stands twice or on another line is taken away, what is missing is posted alone.
    `refused` holds the reasons that are known, by fingerprint.
    """
    found = await list_review_comments(gh, repo, number)
    ours = [one for one in found if one.author == author and one.in_reply_to is None]
    standing = compare(draft.fits, ours, review.id)
    for identifier in standing.wrong:
        try:
            await gh.delete(f"/repos/{repo}/pulls/comments/{identifier}")
        except GitHubNotFoundError:
            continue
    missing = tuple(one for one in draft.fits if one.fingerprint not in standing.posted)
    reasons = {
        one.fingerprint: refused.get(
            one.fingerprint, MOVED if one.fingerprint in standing.moved else LOST
        )
        for one in missing
    }
    for fingerprint, reason in reasons.items():
        log.warning("mcp.comment_by_rest", finding=fingerprint, reason=reason)
    if missing:
        await delete_orphan(gh, repo, number, author)
    alone, demoted = await post_singly(gh, repo, number, draft, missing)
    return PublishedReview(
        review_id=review.id,
        html_url=review.html_url,
        posted={**standing.posted, **alone},
        demoted=draft.left_over | demoted,
        by_rest=reasons,
    )


def compare(
    wanted: tuple[DraftComment, ...], found: list[ReviewComment], review_id: int
) -> Standing:
    """Say which comments stand as wanted; only those of this review can be wrong.

    An outdated comment has no line any more, so it is taken for right.
    """
    anchors = {one.fingerprint: one.anchor for one in wanted}
    posted: dict[str, int] = {}
    wrong: list[int] = []
    moved: set[str] = set()
    for one in found:
        key = fingerprint_in(one.body)
        if key is None or key not in anchors:
            continue
        anchor, in_it = anchors[key], one.review_id == review_id
        there = (one.path, one.side, one.start_line, one.line)
        right = (anchor.path, anchor.side.value, anchor.start_line, anchor.line)
        misplaced = one.line is not None and there != right
        if in_it and misplaced:
            moved.add(key)
        if in_it and (misplaced or key in posted):
            wrong.append(one.id)
        else:
            posted.setdefault(key, one.id)
    return Standing(posted=posted, wrong=tuple(wrong), moved=frozenset(moved))
