"""A review as nofx wants it posted, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.github.clipping import COMMENT_TEXT, clip
from bot.github.markers import finding_marker
from core.review.anchors import Anchor, comment_fields

MAX_COMMENTS = 30
TOO_MANY = "one review carries at most 30 comments"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftComment:
    """A finding's comment, on a place that the diff shows."""

    anchor: Anchor
    body: str
    fingerprint: str

    def payload(self) -> Json:
        """Return it as GitHub takes it, its marker at the end."""
        marker = f"\n\n{finding_marker(self.fingerprint)}"
        body = clip(self.body, COMMENT_TEXT, tail=marker)
        return {**comment_fields(self.anchor), "body": body}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDraft:
    """A review of one commit; `marker` is hidden at the end of `body`.

    The first 30 comments can be posted; `fits` says which, in their order.
    """

    body: str
    comments: tuple[DraftComment, ...]
    commit_sha: str
    marker: str

    @property
    def fits(self) -> tuple[DraftComment, ...]:
        """Return the comments that one review can carry."""
        return self.comments[:MAX_COMMENTS]

    @property
    def left_over(self) -> dict[str, str]:
        """Return the fingerprints of the others, with the reason."""
        return {
            comment.fingerprint: TOO_MANY for comment in self.comments[MAX_COMMENTS:]
        }

    def payload(self, comments: tuple[DraftComment, ...]) -> Json:
        """Return the one create-review call with these comments."""
        return {
            "commit_id": self.commit_sha,
            "event": "COMMENT",
            "body": clip(self.body, COMMENT_TEXT, tail=f"\n\n{self.marker}"),
            "comments": [comment.payload() for comment in comments],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReview:
    """What stands at GitHub: fingerprints to comment ids, and those it would not take.

    `demoted` maps a fingerprint to the reason; its finding belongs in the summary.
    `by_rest` says why comments meant for another road went by REST.
    """

    review_id: int
    html_url: str
    posted: Mapping[str, int] = field(default_factory=dict)
    demoted: Mapping[str, str] = field(default_factory=dict)
    by_rest: Mapping[str, str] = field(default_factory=dict)
