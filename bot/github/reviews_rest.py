"""Reviews over REST: one create-review call, and what to do when GitHub refuses it.

`publish_review` performs, `resume_review` reads back: whatever crashes between two
calls, it finds what stands and posts only what is missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bot.github.anchor_check import sort_comments
from bot.github.client import Connection
from bot.github.markers import fingerprint_in
from bot.github.pulls import compare_diff, get_pull
from bot.github.review_draft import DraftComment, PublishedReview, ReviewDraft
from bot.github.values import Review, ReviewComment, decode
from core.errors import (
    GitHubInvalidError,
    GitHubNotFoundError,
    LeaseLostError,
    NofxError,
    UnavailableError,
    UnclearAnswerError,
)

__all__ = [
    "DraftComment",
    "PublishedReview",
    "ReviewDraft",
    "existing_fingerprints",
    "find_review",
    "list_review_comments",
    "list_reviews",
    "publish_review",
    "resume_review",
]

PENDING = "PENDING"


async def publish_review(
    gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
) -> PublishedReview:
    """Post the draft as one review and return what GitHub took.

    `author` is our bot's login. GitHub refuses a review (422) beside a pending one of
    ours, which is deleted then, and the whole of it for one bad anchor, without saying
    which: the anchors are checked against the diff of now, the good ones go in a second
    review call, those nobody can judge one by one, and the bad ones are demoted.
    Raises UnclearAnswerError: call `resume_review` before this again.
    """
    comments = draft.fits
    try:
        review = await _create_alone(gh, repo, number, draft, author)
    except GitHubInvalidError:
        if not comments:
            raise
        return await _publish_sorted(gh, repo, number, draft)
    with once_it_stands():
        posted = await _comments_of(gh, repo, number, review.id)
    return PublishedReview(
        review_id=review.id,
        html_url=review.html_url,
        posted=posted,
        demoted=draft.left_over,
    )


@contextmanager
def once_it_stands() -> Iterator[None]:
    """Make a refusal after a review was posted an unclear end, to be read back.

    Told as a refusal, the review would be posted a second time.
    """
    try:
        yield
    except (UnavailableError, LeaseLostError):
        raise
    except NofxError as error:
        reason = f"it stands, and then: {error}"
        raise UnclearAnswerError(method="POST", path="review", reason=reason) from error


async def resume_review(
    gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
) -> PublishedReview | None:
    """Read back what a publishing that broke off left, and post what is missing.

    None means that no review with the draft's marker stands: publish it. Comments that
    stand anywhere on the pull request under our name count as posted.
    """
    review = await find_review(gh, repo, number, draft.marker, author)
    if review is None:
        return None
    standing = await existing_fingerprints(gh, repo, number, author)
    wanted = {comment.fingerprint: comment for comment in draft.fits}
    missing = tuple(wanted[key] for key in wanted if key not in standing)
    posted, demoted = await post_singly(gh, repo, number, draft, missing)
    return PublishedReview(
        review_id=review.id,
        html_url=review.html_url,
        posted={key: standing[key] for key in wanted if key in standing} | posted,
        demoted=draft.left_over | demoted,
    )


async def find_review(
    gh: Connection, repo: str, number: int, marker: str, author: str
) -> Review | None:
    """Return the submitted review by `author` that holds `marker`."""
    for review in await list_reviews(gh, repo, number):
        ours = review.author == author and review.state != PENDING
        if ours and marker in review.body:
            return review
    return None


async def existing_fingerprints(
    gh: Connection, repo: str, number: int, author: str
) -> dict[str, int]:
    """Return the findings that `author` has commented on, with the first comment's id.

    Replies do not count: they may quote a marker.
    """
    found: dict[str, int] = {}
    for comment in await list_review_comments(gh, repo, number):
        key = fingerprint_in(comment.body)
        if comment.author == author and comment.in_reply_to is None and key:
            found.setdefault(key, comment.id)
    return found


async def list_reviews(gh: Connection, repo: str, number: int) -> tuple[Review, ...]:
    """Return a pull request's reviews, oldest first, our own pending one too."""
    path = f"/repos/{repo}/pulls/{number}/reviews"
    return tuple(decode(Review, item, path) for item in await gh.pages(path))


async def list_review_comments(
    gh: Connection, repo: str, number: int
) -> tuple[ReviewComment, ...]:
    """Return all comments on lines of a pull request, oldest first."""
    path = f"/repos/{repo}/pulls/{number}/comments"
    return tuple(decode(ReviewComment, item, path) for item in await gh.pages(path))


async def _publish_sorted(
    gh: Connection, repo: str, number: int, draft: ReviewDraft
) -> PublishedReview:
    pull = await get_pull(gh, repo, number)
    diff = await compare_diff(gh, repo, pull.base_sha, draft.commit_sha)
    kinds = sort_comments(draft.fits, diff)
    singly = kinds.unknown
    try:
        review = await _create(gh, repo, number, draft, kinds.valid)
    except GitHubInvalidError:
        if not kinds.valid:
            raise
        # What looks right was refused too, so nobody can judge: ask for each alone.
        singly = kinds.valid + kinds.unknown
        review = await _create(gh, repo, number, draft, ())
    with once_it_stands():
        posted = await _comments_of(gh, repo, number, review.id)
        alone, refused = await post_singly(gh, repo, number, draft, singly)
    return PublishedReview(
        review_id=review.id,
        html_url=review.html_url,
        posted=posted | alone,
        demoted={**draft.left_over, **kinds.invalid, **refused},
    )


async def _create_alone(
    gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
) -> Review:
    """Create the review with all its comments, in a pending one's place if need be."""
    try:
        return await _create(gh, repo, number, draft, draft.fits)
    except GitHubInvalidError:
        try:
            found = await delete_orphan(gh, repo, number, author)
        except GitHubInvalidError as error:
            # It was submitted meanwhile, and may be this very review.
            reason = f"a pending review could not be deleted: {error}"
            raise UnclearAnswerError(
                method="DELETE", path="review", reason=reason
            ) from error
        if not found:
            raise
        return await _create(gh, repo, number, draft, draft.fits)


async def _create(
    gh: Connection,
    repo: str,
    number: int,
    draft: ReviewDraft,
    comments: tuple[DraftComment, ...],
) -> Review:
    path = f"/repos/{repo}/pulls/{number}/reviews"
    return decode(Review, await gh.post(path, draft.payload(comments)), path)


async def post_singly(
    gh: Connection,
    repo: str,
    number: int,
    draft: ReviewDraft,
    comments: tuple[DraftComment, ...],
) -> tuple[dict[str, int], dict[str, str]]:
    """Post comments one by one; return what was taken, and why the others were not."""
    path = f"/repos/{repo}/pulls/{number}/comments"
    posted: dict[str, int] = {}
    refused: dict[str, str] = {}
    for comment in comments:
        data = {"commit_id": draft.commit_sha, **comment.payload()}
        try:
            answer = decode(ReviewComment, await gh.post(path, data), path)
        except GitHubInvalidError as error:
            refused[comment.fingerprint] = f"GitHub says: {error.facts['reason']}"
        else:
            posted[comment.fingerprint] = answer.id
    return posted, refused


async def _comments_of(
    gh: Connection, repo: str, number: int, review_id: int
) -> dict[str, int]:
    path = f"/repos/{repo}/pulls/{number}/reviews/{review_id}/comments"
    found: dict[str, int] = {}
    for item in await gh.pages(path):
        comment = decode(ReviewComment, item, path)
        key = fingerprint_in(comment.body)
        if key:
            found[key] = comment.id
    return found


async def delete_orphan(gh: Connection, repo: str, number: int, author: str) -> bool:
    """Delete our own pending review: GitHub allows one, and a crash can leave it.

    Returns whether there was one.
    """
    found = False
    for review in await list_reviews(gh, repo, number):
        if review.author == author and review.state == PENDING:
            found = True
            path = f"/repos/{repo}/pulls/{number}/reviews/{review.id}"
            # Somebody else's deletion is as good.
            with suppress(GitHubNotFoundError):
                await gh.delete(path)
    return found
