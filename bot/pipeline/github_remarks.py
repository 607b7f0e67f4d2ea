"""Our comments on a pull request as they are at GitHub, and their threads."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from typing_extensions import override

from bot.github.client import Connection, GitHubApp
from bot.github.reviews_rest import list_review_comments
from bot.github.threads import ReviewThread, list_threads, resolve_thread
from bot.pipeline.github_source import connection
from bot.pipeline.tracking import Remarks
from core.errors import GitHubPermissionError
from core.events.base import JSON
from core.review.ledger.model import Entry
from core.review.ledger.rules import Remark
from core.runs.effects import Effects, Write
from core.runs.model import Run

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GitHubRemarks(Remarks):
    """Reads by REST; with `resolves` it settles threads, which needs contents:write."""

    app: GitHubApp
    resolves: bool = False

    @override
    async def of(self, run: Run, effects: Effects) -> Mapping[int, Remark]:
        gh = await self._gh(run, effects)
        author = (await self.app.identity()).bot_login
        place = run.subject.repository, run.subject.pull
        return {
            one.id: Remark(
                outdated=one.line is None, up=one.thumbs.up, down=one.thumbs.down
            )
            for one in await list_review_comments(gh, *place)
            if one.author == author and one.in_reply_to is None
        }

    @override
    async def resolve(
        self, run: Run, effects: Effects, gone: Sequence[Entry]
    ) -> Sequence[str]:
        if not self.resolves:
            return ()
        gh = await self._gh(run, effects)
        author = (await self.app.identity()).bot_login
        place = run.subject.repository, run.subject.pull
        by_comment = {one.comment_id: one.fingerprint for one in gone}
        threads = await list_threads(gh, *place, author)
        safe = [one for one in threads if one.comment_id in by_comment and _safe(one)]
        settled = [one for one in threads if one.resolved or one in safe]
        return [
            by_comment[one.comment_id]
            for one in settled
            if one.comment_id in by_comment
            and (one.resolved or await self._resolve(gh, effects, one))
        ]

    async def _resolve(
        self, gh: Connection, effects: Effects, thread: ReviewThread
    ) -> bool:
        async def perform() -> JSON:
            await resolve_thread(gh, thread.id)
            return {"id": thread.id}

        async def find() -> JSON | None:
            # To resolve again what is resolved changes nothing.
            return None

        digest = hashlib.sha256(thread.id.encode()).hexdigest()
        key = f"thread.{thread.comment_id}"
        write = Write(key=key, kind="thread", digest=digest, perform=perform, find=find)
        try:
            await effects.once(write)
        except GitHubPermissionError as error:
            # The review stands without it, and every push would meet this anew.
            log.warning("thread.kept", comment=thread.comment_id, reason=str(error))
            return False
        return True

    async def _gh(self, run: Run, effects: Effects) -> Connection:
        """Return GitHub for a run's holder: past its lease it writes nothing."""
        return (await connection(self.app, run.subject)).guarded(effects.check_lease)


def _safe(thread: ReviewThread) -> bool:
    """Return whether nobody misses a thread that is resolved without being asked."""
    return thread.outdated and not thread.resolved and thread.ours_alone
