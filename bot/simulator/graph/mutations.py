"""What the GraphQL mutations do: the same reviews that REST knows."""

from typing import Any

from bot.simulator.answers import Json, RefusedError, not_found
from bot.simulator.auth import Actor
from bot.simulator.events import thread_payload
from bot.simulator.graph.views import Views
from bot.simulator.placing import (
    Anchored,
    MisplacedError,
    anchored,
    body_of,
    file_of,
)
from bot.simulator.records import Place, Pull, Repository, Review, Thread
from bot.simulator.reviewing import Reviewing
from bot.simulator.webhooks import Webhooks
from bot.simulator.world import World

WRITE = "pull_requests:write"


class Mutations:
    """The root of all mutations, for one caller."""

    def __init__(self, world: World, hooks: Webhooks, actor: Actor) -> None:
        self._world = world
        self._hooks = hooks
        self._actor = actor
        self._views = Views(world, actor.login)

    def root(self) -> Json:
        """Return the mutations by their names in the schema."""
        return {
            "addPullRequestReview": self._add_review,
            "addPullRequestReviewThread": self._add_thread,
            "addPullRequestReviewThreadReply": self._add_reply,
            "deletePullRequestReview": self._delete_review,
            "resolveReviewThread": self._resolve,
            "submitPullRequestReview": self._submit_review,
            "unresolveReviewThread": self._unresolve,
        }

    async def _add_review(self, _: object, **arguments: Any) -> Json:
        given = arguments["input"]
        record, pull = self._pull(given["pullRequestId"])
        event, threads = given.get("event"), given.get("threads") or []
        # Without an event GitHub drops the text of a new review.
        body = (given.get("body") or "") if event else ""
        wanted = [_as_rest(one) for one in threads]
        reviewing = self._reviewing(record, pull)
        made = await reviewing.create(body, event, given.get("commitOID"), wanted)
        return _payload(given, "pullRequestReview", self._shown(record, pull, made))

    async def _add_thread(self, _: object, **arguments: Any) -> Json:
        given = arguments["input"]
        record, pull, review = self._draft(given)
        reviewing = self._reviewing(record, pull)
        files = await reviewing.files(review.commit_id)
        try:
            body = body_of(given)
            if given["subjectType"] == "FILE":
                path = file_of(files, given).path
                anchor = Anchored(place=Place(path=path), diff_hunk="", position=1)
            else:
                anchor = anchored(files, _as_rest(given))
        except MisplacedError:
            # GitHub says nothing of a thread that it cannot place.
            return _payload(given, "thread", None)
        made = reviewing.add(review, anchor, body)
        shown = self._views.thread(record, pull, made.thread)
        return _payload(given, "thread", shown)

    async def _add_reply(self, _: object, **arguments: Any) -> Json:
        given = arguments["input"]
        record, pull, thread = self._thread(given["pullRequestReviewThreadId"])
        parent = next(c for c in pull.review_comments if c.thread is thread)
        made = self._reviewing(record, pull).reply(parent, given["body"])
        shown = self._views.comment(record, pull, made)
        return _payload(given, "comment", shown)

    async def _submit_review(self, _: object, **arguments: Any) -> Json:
        given = arguments["input"]
        record, pull, review = self._draft(given)
        reviewing = self._reviewing(record, pull)
        reviewing.submit(review, given["event"], given.get("body"))
        return _payload(given, "pullRequestReview", self._shown(record, pull, review))

    async def _delete_review(self, _: object, **arguments: Any) -> Json:
        given = arguments["input"]
        record, pull, review = self._draft(given)
        shown = self._shown(record, pull, review)
        self._reviewing(record, pull).delete(review)
        return _payload(given, "pullRequestReview", shown)

    async def _resolve(self, _: object, **arguments: Any) -> Json:
        return self._settle(arguments["input"], resolved=True)

    async def _unresolve(self, _: object, **arguments: Any) -> Json:
        return self._settle(arguments["input"], resolved=False)

    def _settle(self, given: Json, *, resolved: bool) -> Json:
        """Resolve a thread or open it again; an App needs contents:write for it."""
        record, pull, thread = self._thread(given["threadId"])
        if not self._actor.allows("contents:write"):
            raise RefusedError(403, "Resource not accessible by integration")
        thread.resolved_by = self._actor.login if resolved else None
        payload = thread_payload(self._world, record, pull, thread)
        event = "pull_request_review_thread"
        self._hooks.later(record, event, payload, self._actor.login)
        shown = self._views.thread(record, pull, thread)
        return _payload(given, "thread", shown)

    def _reviewing(self, record: Repository, pull: Pull) -> Reviewing:
        login = self._actor.login
        return Reviewing(self._world, self._hooks, record, pull, login)

    def _shown(self, record: Repository, pull: Pull, review: Review) -> Json:
        return self._views.review(record, pull, review)

    def _pull(self, identifier: str) -> tuple[Repository, Pull]:
        """Return a pull request by its node id, if the caller may write to it."""
        number = self._world.node_number(identifier)
        for record, pull in self._world.pulls():
            if pull.id == number and self._actor.covers(record):
                self._require_write()
                return record, pull
        raise not_found()

    def _draft(self, given: Json) -> tuple[Repository, Pull, Review]:
        """Return the review that is named, or the caller's pending one of a pull."""
        identifier = given.get("pullRequestReviewId")
        if identifier is None:
            record, pull = self._pull(given.get("pullRequestId") or "")
            pending = self._reviewing(record, pull).pending()
            if pending is None:
                raise not_found()
            return record, pull, pending
        number = self._world.node_number(identifier)
        for record, pull in self._world.pulls():
            for review in pull.reviews:
                own = review.user == self._actor.login
                if review.id == number and own and self._actor.covers(record):
                    self._require_write()
                    return record, pull, review
        raise not_found()

    def _thread(self, identifier: str) -> tuple[Repository, Pull, Thread]:
        """Return a thread by its node id, if the caller may write to it."""
        number = self._world.node_number(identifier)
        for record, pull in self._world.pulls():
            for thread in self._views.seen_threads(pull):
                if thread.id == number and self._actor.covers(record):
                    self._require_write()
                    return record, pull, thread
        raise not_found()

    def _require_write(self) -> None:
        if not self._actor.allows(WRITE):
            raise RefusedError(403, "Resource not accessible by integration")


def _payload(given: Json, name: str, value: Json | None) -> Json:
    return {"clientMutationId": given.get("clientMutationId"), name: value}


def _as_rest(given: Json) -> Json:
    """Return a thread's place in the words of REST."""
    wanted: Json = {
        name: given[name] for name in ("path", "body", "line") if name in given
    }
    wanted["side"] = given.get("side")
    if given.get("startLine") is not None:
        wanted["start_line"] = given["startLine"]
        wanted["start_side"] = given.get("startSide")
    return wanted
