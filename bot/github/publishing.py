"""The publisher of reviews, as the rest of nofx sees it, and the choice of one."""

import shutil
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from bot.github.client import Connection
from bot.github.review_draft import PublishedReview, ReviewDraft
from bot.github.reviews_mcp import McpReviews
from bot.github.reviews_mcp_server import CommandServer, McpServer, RemoteServer
from bot.github.reviews_rest import publish_review, resume_review
from bot.setting_values import PublisherKind
from bot.settings import Settings

PROGRAM = "github-mcp-server"


class Publisher(Protocol):
    """Puts one review at GitHub, exactly once whatever breaks in between."""

    async def publish(
        self, gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
    ) -> PublishedReview:
        """Post the draft as our bot `author`; a pending review of ours is deleted.

        Raises UnclearAnswerError: call `resume` before this again.
        """
        ...

    async def resume(
        self, gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
    ) -> PublishedReview | None:
        """Post what is missing of a draft that broke off; None when nothing stands."""
        ...


@dataclass(frozen=True, slots=True)
class RestReviews(Publisher):
    """Publishes by GitHub's REST API."""

    @override
    async def publish(
        self, gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
    ) -> PublishedReview:
        return await publish_review(gh, repo, number, draft, author)

    @override
    async def resume(
        self, gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
    ) -> PublishedReview | None:
        return await resume_review(gh, repo, number, draft, author)


def publisher_of(settings: Settings) -> Publisher:
    """Return the publisher that the settings choose; nothing is started yet."""
    if settings.publisher is PublisherKind.REST:
        return RestReviews()
    return McpReviews(server=server_of(settings))


def server_of(settings: Settings) -> McpServer:
    """Return the MCP server that the settings name, an address before a command."""
    if settings.mcp_url is not None:
        return RemoteServer(url=settings.mcp_url)
    command = settings.mcp_command or f"{shutil.which(PROGRAM) or PROGRAM} stdio"
    return CommandServer(command=command, github_url=settings.github_url)
