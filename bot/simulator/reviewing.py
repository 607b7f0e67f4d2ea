"""Makes, submits and deletes reviews and their comments."""

from collections.abc import Sequence

from bot.simulator.answers import Json, RefusedError, unprocessable
from bot.simulator.branches import files_between, follow, fork_point
from bot.simulator.diffs import FileDiff
from bot.simulator.placing import LONGEST, Anchored, anchored_all
from bot.simulator.records import Pull, Repository, Review, ReviewComment, Thread
from bot.simulator.shapes.pulls import short_pull
from bot.simulator.shapes.reviews import review as review_shape
from bot.simulator.shapes.reviews import review_comment as comment_shape
from bot.simulator.webhooks import Webhooks
from bot.simulator.world import World

STATES = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}
PENDING = "PENDING"
ONE_PENDING = "User can only have one pending review per pull request"


class Reviewing:
    """What one user does with the reviews of one pull request."""

    def __init__(
        self, world: World, hooks: Webhooks, record: Repository, pull: Pull, user: str
    ) -> None:
        self._world = world
        self._hooks = hooks
        self._record = record
        self._pull = pull
        self._user = user

    async def files(self, commit: str) -> Sequence[FileDiff]:
        """Return the diff that comments on a commit are judged by."""
        pull = self._pull
        if commit == pull.head_sha:
            return pull.files
        git = self._record.git
        base = await fork_point(git, pull.base_sha, commit)
        return await files_between(git, base, commit)

    def commit(self, wanted: object) -> str:
        """Return the commit a review is about; it must belong to the pull request."""
        if wanted is None:
            return self._pull.head_sha
        if not isinstance(wanted, str) or wanted not in self._pull.known_commits:
            raise unprocessable("Commit is not part of the pull request")
        return wanted

    def pending(self) -> Review | None:
        """Return the review that the user has not submitted yet."""
        for review in self._pull.reviews:
            if review.user == self._user and review.state == PENDING:
                return review
        return None

    async def create(
        self, body: str, event: object, commit: object, wanted: Sequence[Json]
    ) -> Review:
        """Make a review with all its comments, or none at all."""
        sha = self.commit(commit)
        # Nothing is awaited between the checks and the write.
        files = await self.files(sha)
        if self.pending() is not None:
            raise unprocessable(ONE_PENDING)
        if event is not None:
            self._check_event(event, body, has_comments=bool(wanted))
        _check_body(body)
        anchors = anchored_all(files, wanted)
        review = Review(
            id=self._world.new_id(),
            number=self._pull.number,
            user=self._user,
            body=body,
            state=PENDING,
            commit_id=sha,
        )
        self._pull.reviews.append(review)
        for anchor, text in anchors:
            self.add(review, anchor, text)
        await self._catch_up(review)
        if event is not None:
            self.submit(review, str(event), None)
        return review

    async def _catch_up(self, review: Review) -> None:
        """Let comments on a commit that is not the head any more find their lines."""
        if review.commit_id != self._pull.head_sha:
            for comment in self.comments(review):
                await follow(self._record, self._pull, comment)

    def _check_event(self, event: object, body: str, *, has_comments: bool) -> None:
        """Refuse an event that is none, lacks its text, or judges one's own work."""
        if event not in STATES:
            raise unprocessable(f"Event {event} is not valid")
        needs_text = event == "REQUEST_CHANGES" or (
            event == "COMMENT" and not has_comments
        )
        if needs_text and not body.strip():
            raise unprocessable("Could not submit: body can't be blank")
        if event != "COMMENT" and self._user == self._pull.user:
            verb = "approve" if event == "APPROVE" else "request changes on"
            raise unprocessable(f"Can not {verb} your own pull request")

    def submit(self, review: Review, event: object, body: str | None) -> None:
        """Publish a pending review and tell the Apps."""
        if review.state != PENDING:
            raise unprocessable("Can not submit a review that is not pending")
        if body is not None:
            _check_body(body)
            review.body = body
        comments = self.comments(review)
        self._check_event(event, review.body, has_comments=bool(comments))
        review.state = STATES[str(event)]
        review.submitted_at = self._world.now()
        shown = review_shape(self._world, self._record, self._pull, review)
        state = review.state.lower()
        payload = {"action": "submitted", "review": {**shown, "state": state}}
        self._tell("pull_request_review", payload)
        for comment in comments:
            self.tell_comment(comment)

    def comments(self, review: Review) -> list[ReviewComment]:
        """Return the comments of one review."""
        return [c for c in self._pull.review_comments if c.review_id == review.id]

    def delete(self, review: Review) -> None:
        """Take back a pending review with its comments."""
        if review.state != PENDING:
            raise unprocessable("Can not delete a non-pending pull request review")
        self._pull.reviews.remove(review)
        kept = [c for c in self._pull.review_comments if c.review_id != review.id]
        self._pull.review_comments = kept

    def add(
        self,
        review: Review,
        anchor: Anchored,
        body: str,
        reply_to: ReviewComment | None = None,
    ) -> ReviewComment:
        """Put a comment into a review, as a new thread or a reply."""
        now = self._world.now()
        thread = reply_to.thread if reply_to else None
        comment = ReviewComment(
            id=self._world.new_id(),
            number=self._pull.number,
            review_id=review.id,
            thread=thread or Thread(id=self._world.new_id(), number=self._pull.number),
            user=self._user,
            body=body,
            original=anchor.place,
            place=anchor.place,
            commit_id=review.commit_id,
            original_commit_id=review.commit_id,
            original_base=self._pull.merge_base,
            diff_hunk=anchor.diff_hunk,
            position=anchor.position,
            original_position=anchor.position,
            created_at=now,
            updated_at=now,
            in_reply_to=reply_to.id if reply_to else None,
        )
        self._pull.review_comments.append(comment)
        return comment

    async def single(self, anchor: Anchored, body: str, commit: str) -> ReviewComment:
        """Publish one comment at once, in a review of its own."""
        review = self._own_review(commit)
        comment = self.add(review, anchor, body)
        await self._catch_up(review)
        self.tell_comment(comment)
        return comment

    def reply(self, parent: ReviewComment, body: str) -> ReviewComment:
        """Answer in a thread; replies to a reply go to the thread's first comment."""
        comments = self._pull.review_comments
        first = next(c for c in comments if c.thread is parent.thread)
        anchor = Anchored(
            place=first.original, diff_hunk=first.diff_hunk, position=first.position
        )
        review = self._own_review(self._pull.head_sha)
        comment = self.add(review, anchor, body, first)
        comment.place = first.place
        comment.commit_id = first.commit_id
        comment.original_commit_id = first.original_commit_id
        comment.original_base = first.original_base
        self.tell_comment(comment)
        return comment

    def _own_review(self, commit: str) -> Review:
        if self.pending() is not None:
            raise RefusedError(
                422,
                "Validation Failed",
                errors=["user_id can only have one pending review per pull request"],
            )
        review = Review(
            id=self._world.new_id(),
            number=self._pull.number,
            user=self._user,
            body="",
            state="COMMENTED",
            commit_id=commit,
            submitted_at=self._world.now(),
        )
        self._pull.reviews.append(review)
        return review

    def tell_comment(self, comment: ReviewComment) -> None:
        """Tell the Apps of a published comment."""
        shown = comment_shape(self._world, self._record, self._pull, comment)
        payload = {"action": "created", "comment": shown}
        self._tell("pull_request_review_comment", payload)

    def _tell(self, event: str, payload: Json) -> None:
        pull = short_pull(self._world, self._record, self._pull)
        whole = {**payload, "pull_request": pull}
        self._hooks.later(self._record, event, whole, self._user)


def _check_body(body: str) -> None:
    """Refuse a text that is too long."""
    if len(body) > LONGEST:
        raise unprocessable(f"Body is too long (maximum is {LONGEST} characters)")
