"""Everything the simulated GitHub knows, and how to find it."""

import itertools
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from bot.simulator.answers import RefusedError, not_found
from bot.simulator.records import (
    App,
    CheckRun,
    Delivery,
    Installation,
    IssueComment,
    Pull,
    Repository,
    Review,
    ReviewComment,
    Token,
)
from core.clock import Clock

NODE = re.compile(r"^[A-Z]+_kw(\d+)$")


class World:
    """The state behind the simulator; one clock, one count of ids."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.api_url = ""
        self.url = ""
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[str, Repository] = {}
        self.deliveries: list[Delivery] = []
        self.manifests: dict[str, tuple[App, datetime]] = {}
        self._users: dict[str, int] = {}
        self._ids = itertools.count(1000)

    def new_id(self) -> int:
        """Return a number that nothing else has."""
        return next(self._ids)

    def new_guid(self) -> str:
        """Return a random UUID, as deliveries and requests are named by."""
        return str(UUID(bytes=secrets.token_bytes(16), version=4))

    def now(self) -> datetime:
        """Return the time of the simulator's clock."""
        return self.clock.now()

    def user_id(self, login: str) -> int:
        """Return the number of a user, the same each time."""
        if login not in self._users:
            self._users[login] = self.new_id()
        return self._users[login]

    def repository(self, full_name: str) -> Repository:
        """Return a repository by `owner/name`; 404 when there is none."""
        found = self.repositories.get(full_name.lower())
        if found is None:
            raise not_found()
        return found

    def pull(self, full_name: str, number: int) -> Pull:
        """Return a pull request; 404 when there is none."""
        found = self.repository(full_name).pulls.get(number)
        if found is None:
            raise not_found()
        return found

    def review(self, pull: Pull, review_id: int) -> Review:
        """Return a review of a pull request; 404 when there is none."""
        for review in pull.reviews:
            if review.id == review_id:
                return review
        raise not_found()

    def review_comment(
        self, repository: Repository, comment_id: int
    ) -> tuple[Pull, ReviewComment]:
        """Return a comment on the diff and its pull request, or 404."""
        for pull in repository.pulls.values():
            for comment in pull.review_comments:
                if comment.id == comment_id:
                    return pull, comment
        raise not_found()

    def issue_comment(
        self, repository: Repository, comment_id: int
    ) -> tuple[Pull, IssueComment]:
        """Return a comment of a conversation and its pull request, or 404."""
        for pull in repository.pulls.values():
            for comment in pull.comments:
                if comment.id == comment_id:
                    return pull, comment
        raise not_found()

    def check_run(self, repository: Repository, check_id: int) -> CheckRun:
        """Return a check run; 404 when there is none."""
        found = repository.checks.get(check_id)
        if found is None:
            raise not_found()
        return found

    def node_number(self, node_id: str) -> int:
        """Return the id inside a node id; refuses what is none."""
        found = NODE.match(node_id)
        if found is None:
            raise RefusedError(404, f"Could not resolve to a node: '{node_id}'.")
        return int(found.group(1))

    def pulls(self) -> Iterator[tuple[Repository, Pull]]:
        """Yield every pull request with its repository."""
        for repository in self.repositories.values():
            for pull in repository.pulls.values():
                yield repository, pull

    def role(self, repository: Repository, login: str) -> str:
        """Return a user's role: admin, maintain, write, triage, read or none."""
        if login == repository.owner:
            return "admin"
        given = repository.permissions.get(login)
        return given or ("none" if repository.private else "read")
