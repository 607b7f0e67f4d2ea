"""What a repository's base branch says of reviews, read once for each commit."""

import asyncio
from typing import Protocol

from cachetools import LRUCache

from bot.github.client import Connection
from bot.github.pulls import RAW
from core.errors import GitHubAnswerTooLargeError, GitHubNotFoundError
from core.review.config import FILE
from core.review.config_reading import LARGEST, ReadConfig, read_config, unreadable

MOST_COMMITS = 4096


class BaseConfigs(Protocol):
    """Where what a base commit says of reviews is had from."""

    async def of(self, gh: Connection, repository: str, base_sha: str) -> ReadConfig:
        """Return it; raises as the connection does when GitHub is away."""
        ...


class GitHubConfigs:
    """Asks GitHub, and remembers the answers: a commit never changes."""

    def __init__(self) -> None:
        self._known: LRUCache[tuple[str, str], ReadConfig] = LRUCache(MOST_COMMITS)

    async def of(self, gh: Connection, repository: str, base_sha: str) -> ReadConfig:
        """Return what the commit says, the defaults when it has no such file."""
        known = self._known.get((repository, base_sha))
        if known is None:
            known = await _asked(gh, repository, base_sha)
            self._known[repository, base_sha] = known
        return known


async def _asked(gh: Connection, repository: str, base_sha: str) -> ReadConfig:
    where = f"/repos/{repository}/contents/{FILE}"
    try:
        raw = await gh.raw(where, accept=RAW, limit=LARGEST, ref=base_sha)
    except GitHubNotFoundError:
        return read_config(None)
    except GitHubAnswerTooLargeError:
        return unreadable(f"the file has more than {LARGEST} bytes and is not read")
    if raw.content_type.startswith("application/json"):
        return unreadable("it is no file")
    return await asyncio.to_thread(read_config, raw.body)
