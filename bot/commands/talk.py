"""Keeps what people and nofx say to each other in the pull request's session."""

from dataclasses import dataclass

from bot.commands import wish_words
from bot.commands.grammar import Command, Unknown, Verb
from bot.commands.remembering import fork_of, pull_of
from bot.github.client import Connection
from bot.github.comments import get_review_comment
from bot.naming import PREFIX
from bot.remembering import PullMemory
from bot.webhooks.event_types import CommentEvent, ReviewCommentCreated
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.errors import GitHubNotFoundError
from core.memory.model import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One comment and its answer; each is kept once, and neither fails for that."""

    memory: PullMemory
    gh: Connection
    event: CommentEvent

    async def said(self, asked: Command | Unknown) -> None:
        """Keep a command; of one to remember, its text is kept as the preference."""
        text = self.event.body
        if isinstance(asked, Command) and asked.verb is Verb.REMEMBER:
            text = f"{PREFIX} {asked.verb}"
        await self._said(text, Source.COMMAND, {"comment": str(self.event.comment_id)})

    async def answered(
        self, asked: Command | Unknown, text: str, comment_id: int
    ) -> None:
        """Keep the answer to it."""
        listed = isinstance(asked, Command) and asked.verb is Verb.PREFERENCES
        await self.memory.answered(
            pull_of(self.event),
            wish_words.in_short() if listed else text,
            to=str(self.event.comment_id),
            refs={"comment": str(comment_id)},
            fork=self._fork,
        )

    async def replied(self, bot: str) -> Outcome:
        """Keep a reply to a remark of ours; what people say among themselves is not."""
        event = self.event
        if not isinstance(event, ReviewCommentCreated) or event.in_reply_to is None:
            return Ignored("the comment holds no command")
        if not self.memory.is_on:
            return Ignored("nothing is remembered")
        try:
            first = await get_review_comment(
                self.gh, event.repository, event.in_reply_to
            )
        except GitHubNotFoundError:
            return Ignored("what it replies to is gone")
        if first.author != bot:
            return Ignored("it is no reply to nofx")
        refs = {"comment": str(event.comment_id), "thread": str(event.in_reply_to)}
        await self._said(event.body, Source.COMMENT, refs)
        return Done()

    async def _said(self, text: str, source: Source, refs: dict[str, str]) -> None:
        await self.memory.said(
            pull_of(self.event),
            text,
            author=self.event.author,
            source=source,
            refs=refs,
            fork=self._fork,
        )

    async def _fork(self) -> bool:
        return await fork_of(self.gh, self.event)
