"""Shows pull requests, reviews, threads and comments as GraphQL sees them."""

import base64
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from bot.simulator.answers import Json
from bot.simulator.graph.objects import git_object
from bot.simulator.records import (
    Place,
    Pull,
    Repository,
    Review,
    ReviewComment,
    Thread,
)
from bot.simulator.reviewing import PENDING
from bot.simulator.shapes.basics import maybe_time, node_id, time
from bot.simulator.world import World

Item = TypeVar("Item")
NOWHERE = Place(path="")


class Views:
    """Makes dictionaries of fields; what leads on to others is looked up when asked."""

    def __init__(self, world: World, login: str) -> None:
        self._world = world
        self._login = login

    def user(self, login: str) -> Json:
        """Return the caller as `viewer`: an App's name carries `[bot]` here."""
        number = self._world.user_id(login)
        return {
            "__typename": "User",
            "id": node_id("U", number),
            "databaseId": number,
            "login": login,
            "url": f"{self._world.url}/{login}",
        }

    def actor(self, login: str) -> Json:
        """Return an author: a Bot's name is without `[bot]`, unlike in REST."""
        if not login.endswith("[bot]"):
            return self.user(login)
        short = login.removesuffix("[bot]")
        url = f"{self._world.url}/apps/{short}"
        number = self._world.user_id(login)
        bot = {"__typename": "Bot", "id": node_id("BOT", number), "login": short}
        return {**bot, "databaseId": number, "url": url}

    def repository(self, record: Repository) -> Json:
        """Return a repository."""

        def pull_request(_: object, number: int) -> Json | None:
            pull = record.pulls.get(number)
            return None if pull is None else self.pull(record, pull)

        async def git(_: object, expression: str | None = None, **__: Any) -> Any:
            return await git_object(record, expression or "HEAD")

        return {
            "__typename": "Repository",
            "id": node_id("R", record.id),
            "databaseId": record.id,
            "name": record.name,
            "nameWithOwner": record.full_name,
            "url": f"{self._world.url}/{record.full_name}",
            "object": git,
            "pullRequest": pull_request,
        }

    def pull(self, record: Repository, pull: Pull) -> Json:
        """Return a pull request."""
        state = "MERGED" if pull.merged_at else pull.state.upper()

        def reviews(_: object, **page: Any) -> Json:
            found = [one for one in pull.reviews if self._sees(one)]
            author, states = page.pop("author", None), page.pop("states", None)
            if author is not None:
                found = [one for one in found if author in _names(one.user)]
            if states is not None:
                found = [one for one in found if one.state in states]
            # The MCP server takes the first one for the caller's pending review.
            found.sort(key=lambda one: one.state != PENDING)
            return connection(found, lambda one: self.review(record, pull, one), **page)

        def threads(_: object, **page: Any) -> Json:
            found = self.seen_threads(pull)
            return connection(found, lambda one: self.thread(record, pull, one), **page)

        return {
            "__typename": "PullRequest",
            "id": node_id("PR", pull.id),
            "databaseId": pull.id,
            "fullDatabaseId": str(pull.id),
            "number": pull.number,
            "title": pull.title,
            "body": pull.body or "",
            "author": self.actor(pull.user),
            "state": state,
            "isDraft": pull.draft,
            "closed": pull.closed_at is not None,
            "merged": pull.merged_at is not None,
            "url": self._page(record, pull),
            "headRefName": pull.head_ref,
            "headRefOid": pull.head_sha,
            "baseRefName": pull.base_ref,
            "baseRefOid": pull.base_sha,
            "repository": lambda _: self.repository(record),
            "reviews": reviews,
            "reviewThreads": threads,
        }

    def review(self, record: Repository, pull: Pull, one: Review) -> Json:
        """Return a review."""

        def comments(_: object, **page: Any) -> Json:
            own = [c for c in pull.review_comments if c.review_id == one.id]
            return connection(own, lambda c: self.comment(record, pull, c), **page)

        return {
            "__typename": "PullRequestReview",
            "id": node_id("PRR", one.id),
            "databaseId": one.id,
            "fullDatabaseId": str(one.id),
            "author": self.actor(one.user),
            "body": one.body,
            "state": one.state,
            "submittedAt": maybe_time(one.submitted_at),
            "url": f"{self._page(record, pull)}#pullrequestreview-{one.id}",
            "commit": _commit(one.commit_id),
            "pullRequest": lambda _: self.pull(record, pull),
            "comments": comments,
        }

    def seen_threads(self, pull: Pull) -> list[Thread]:
        """Return the threads that the caller sees, oldest first."""
        seen = {review.id for review in pull.reviews if self._sees(review)}
        found = {c.thread: None for c in pull.review_comments if c.review_id in seen}
        return list(found)

    def thread(self, record: Repository, pull: Pull, thread: Thread) -> Json:
        """Return a conversation on the diff."""
        own = [c for c in pull.review_comments if c.thread is thread]
        first = own[0]

        def comments(_: object, **page: Any) -> Json:
            return connection(own, lambda c: self.comment(record, pull, c), **page)

        resolver = thread.resolved_by
        return {
            "__typename": "PullRequestReviewThread",
            "id": node_id("PRRT", thread.id),
            **_place(first),
            "diffSide": first.original.side,
            "startDiffSide": first.original.start_side,
            "isCollapsed": resolver is not None,
            "isOutdated": first.place is None,
            "isResolved": resolver is not None,
            "resolvedBy": self.user(resolver) if resolver else None,
            "viewerCanReply": True,
            "viewerCanResolve": resolver is None,
            "viewerCanUnresolve": resolver is not None,
            "pullRequest": lambda _: self.pull(record, pull),
            "repository": lambda _: self.repository(record),
            "comments": comments,
        }

    def comment(self, record: Repository, pull: Pull, one: ReviewComment) -> Json:
        """Return a comment on the diff."""
        review = self._world.review(pull, one.review_id)
        first = next((c for c in pull.review_comments if c.id == one.in_reply_to), None)
        return {
            "__typename": "PullRequestReviewComment",
            "id": node_id("PRRC", one.id),
            "databaseId": one.id,
            "fullDatabaseId": str(one.id),
            "author": self.actor(one.user),
            "body": one.body,
            **_place(one),
            "diffHunk": one.diff_hunk,
            "outdated": one.place is None,
            "state": "PENDING" if review.state == PENDING else "SUBMITTED",
            "createdAt": time(one.created_at),
            "updatedAt": time(one.updated_at),
            "url": f"{self._page(record, pull)}#discussion_r{one.id}",
            "commit": _commit(one.commit_id),
            "originalCommit": _commit(one.original_commit_id),
            "replyTo": (
                (lambda _: self.comment(record, pull, first)) if first else None
            ),
            "pullRequestReview": lambda _: self.review(record, pull, review),
            "pullRequest": lambda _: self.pull(record, pull),
        }

    def nodes(
        self, record: Repository, pull: Pull
    ) -> Iterator[tuple[int, Callable[[], Json]]]:
        """Yield all that a node id can name in a pull request: its id, and its view."""
        yield pull.id, partial(self.pull, record, pull)
        seen = [review for review in pull.reviews if self._sees(review)]
        for review in seen:
            yield review.id, partial(self.review, record, pull, review)
        for thread in self.seen_threads(pull):
            yield thread.id, partial(self.thread, record, pull, thread)
        known = {review.id for review in seen}
        for comment in pull.review_comments:
            if comment.review_id in known:
                yield comment.id, partial(self.comment, record, pull, comment)

    def _sees(self, review: Review) -> bool:
        return review.state != PENDING or review.user == self._login

    def _page(self, record: Repository, pull: Pull) -> str:
        return f"{self._world.url}/{record.full_name}/pull/{pull.number}"


def _names(login: str) -> tuple[str, str]:
    """Return the names that a user answers to, with and without `[bot]`."""
    return login, login.removesuffix("[bot]")


def _commit(sha: str) -> Json:
    return {"__typename": "Commit", "id": f"C_{sha}", "oid": sha}


def _place(one: ReviewComment) -> Json:
    """Return the lines of a comment, now and when it was written."""
    now = one.place or NOWHERE
    return {
        "path": one.original.path,
        "line": now.line,
        "startLine": now.start_line,
        "originalLine": one.original.line,
        "originalStartLine": one.original.start_line,
        "subjectType": "FILE" if one.original.line is None else "LINE",
    }


def connection(
    items: Sequence[Item], show: Callable[[Item], Json], **page: Any
) -> Json:
    """Return a page of a list, cut by `first` and `after` or `last` and `before`."""
    start = _offset(page.get("after"), 0)
    end = _offset(page.get("before"), len(items) + 1) - 1
    start, end = min(start, len(items)), min(end, len(items))
    if page.get("first") is not None:
        end = min(end, start + page["first"])
    elif page.get("last") is not None:
        start = max(start, end - page["last"])
    part = items[start:end]
    return {
        "nodes": [show(one) for one in part],
        "totalCount": len(items),
        "pageInfo": {
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
            "startCursor": _cursor(start + 1) if part else None,
            "endCursor": _cursor(end) if part else None,
        },
    }


def _cursor(number: int) -> str:
    return base64.b64encode(f"cursor:{number}".encode()).decode()


def _offset(cursor: str | None, default: int) -> int:
    """Return the place in the list that a cursor names."""
    if cursor is None:
        return default
    return int(base64.b64decode(cursor).decode().partition(":")[2])
