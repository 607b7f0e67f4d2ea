"""Reviews through GitHub's MCP server, read back by REST and mended by it.

A pending review is begun, gets its comments one by one, and is submitted; only then
does anybody see it. The server says "done" also of what GitHub dropped, so what stands
is read back. What the server refuses, loses or puts elsewhere goes by REST.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog
from cachetools import LRUCache

from bot.github.client import Connection
from bot.github.review_draft import PublishedReview, ReviewDraft
from bot.github.reviews_mcp_dialect import Call, dialect_of
from bot.github.reviews_mcp_server import McpServer
from bot.github.reviews_mcp_session import McpPolicy, Tools, talking
from bot.github.reviews_read_back import complete_review
from bot.github.reviews_rest import (
    delete_orphan,
    find_review,
    once_it_stands,
    publish_review,
)
from core.errors import McpServerError, NofxError, UnclearAnswerError

# A server that refuses so many in a row refuses them all.
PATIENCE = 3
REVIEWS_REMEMBERED = 1024
NO_TOOLS = "it has no tools for reviews that nofx knows"
log = structlog.get_logger("nofx.mcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class McpReviews:
    """Publishes reviews by one MCP server.

    A review whose end was unclear once goes by REST the next time, so that a server
    that hangs delays it and does not stop it.
    """

    server: McpServer
    policy: McpPolicy = field(default_factory=McpPolicy)
    _unclear: LRUCache[str, str] = field(
        default_factory=lambda: LRUCache(REVIEWS_REMEMBERED), repr=False
    )

    async def publish(
        self, gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
    ) -> PublishedReview:
        """Post the draft as one review; raises UnclearAnswerError: resume it then."""
        if draft.marker in self._unclear:
            reason = self._unclear[draft.marker]
            return await _by_rest(gh, repo, number, draft, author, reason)
        await delete_orphan(gh, repo, number, author)
        try:
            refused = await self._perform(gh, repo, number, draft)
        except McpServerError as error:
            return await _by_rest(gh, repo, number, draft, author, str(error))
        except UnclearAnswerError as error:
            self._unclear[draft.marker] = str(error)
            raise
        except asyncio.CancelledError:
            with suppress(NofxError, TimeoutError):
                async with asyncio.timeout(self.policy.end_seconds):
                    await delete_orphan(gh, repo, number, author)
            raise
        with once_it_stands():
            review = await find_review(gh, repo, number, draft.marker, author)
        if review is None:
            reason = refused.get("", "it was submitted and is not there")
            self._unclear[draft.marker] = reason
            raise UnclearAnswerError(method="MCP", path="review", reason=reason)
        with once_it_stands():
            return await complete_review(
                gh, repo, number, draft, author, review, refused
            )

    async def resume(
        self, gh: Connection, repo: str, number: int, draft: ReviewDraft, author: str
    ) -> PublishedReview | None:
        """Read back what a publishing that broke off left, and post what is missing.

        None means that no review with the draft's marker stands: publish it.
        """
        review = await find_review(gh, repo, number, draft.marker, author)
        if review is None:
            return None
        return await complete_review(gh, repo, number, draft, author, review, {})

    async def _perform(
        self, gh: Connection, repo: str, number: int, draft: ReviewDraft
    ) -> Mapping[str, str]:
        """Say the review to the server; return refusals by fingerprint.

        The refusal of the review itself stands under the empty string.
        """
        token = await gh.token()
        async with talking(self.server, token, self.policy) as tools:
            dialect = dialect_of(tools.names)
            if dialect is None:
                raise McpServerError(server=self.server.name, reason=NO_TOOLS)
            reason = await _say(gh, tools, dialect.create(repo, number, draft))
            if reason is not None:
                return {"": reason}
            refused: dict[str, str] = {}
            in_row = 0
            for comment in draft.fits:
                call = dialect.comment(repo, number, comment)
                if in_row < PATIENCE:
                    reason = await _say(gh, tools, call)
                    in_row = 0 if reason is None else in_row + 1
                if reason is not None:
                    refused[comment.fingerprint] = reason
            reason = await _say(gh, tools, dialect.submit(repo, number, draft))
            return refused if reason is None else {**refused, "": reason}


async def _say(gh: Connection, tools: Tools, call: Call) -> str | None:
    """Call a tool in our turn of writing, which asks whether we still may."""
    async with gh.turn():
        reason = await tools.call(call)
    if reason is not None:
        log.warning("mcp.refused", tool=call.tool, reason=reason)
    return reason


async def _by_rest(
    gh: Connection,
    repo: str,
    number: int,
    draft: ReviewDraft,
    author: str,
    reason: str,
) -> PublishedReview:
    log.warning("mcp.review_by_rest", reason=reason)
    published = await publish_review(gh, repo, number, draft, author)
    reasons = {comment.fingerprint: reason for comment in draft.fits}
    return replace(published, by_rest=reasons)
