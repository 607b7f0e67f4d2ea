"""What a command in a comment brings about: a look, a reaction, one answer."""

import asyncio
from dataclasses import dataclass

from bot import comments, config_words
from bot.commands.bundles import BundleCommands
from bot.commands.deciding import GateCommands
from bot.commands.findings import ABOUT_FINDINGS, FindingCommands
from bot.commands.grammar import HELP, Command, Unknown, Verb, parse_command
from bot.commands.questions import QuestionCommands
from bot.commands.remembering import KEPT, MemoryCommands
from bot.commands.running import RunCommands
from bot.commands.talk import Talk
from bot.github.base_config import BaseConfigs
from bot.github.client import Connection, GitHubApp
from bot.github.comments import (
    create_comment,
    find_comment,
    permission,
    react_to_comment,
    react_to_review_comment,
)
from bot.github.markers import effect_marker
from bot.github.pulls import get_pull
from bot.github.values import IssueComment
from bot.pipeline.github_source import connection
from bot.webhooks.event_types import CommentEvent, ReviewCommentCreated
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.errors import ConflictError, InputError, NotFoundError
from core.runs.model import Subject

# These need write access: they change something, or tell what a review has seen.
CHANGING = frozenset(Verb) - {
    *(Verb.HELP, Verb.STATUS, Verb.PREFERENCES, Verb.EXPLAIN, Verb.DISPUTE)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Answers `/nofx …` comments; each once, whatever crashes in between."""

    runs: RunCommands
    questions: QuestionCommands
    gates: GateCommands
    wishes: MemoryCommands
    bundles: BundleCommands
    configs: BaseConfigs
    findings: FindingCommands
    app: GitHubApp

    async def handle(self, event: CommentEvent, *, tries: int) -> Outcome:
        """React, do, answer; `tries` counts how often this comment was tried."""
        # Markdown made to be slow to read must not hold up everybody else.
        asked = await asyncio.to_thread(parse_command, event.body)
        if asked is None and not _is_reply(event):
            return Ignored("the comment holds no command")
        subject = Subject(
            repository=event.repository,
            pull=event.number,
            head_sha="",
            installation_id=event.installation_id,
        )
        gh = await connection(self.app, subject)
        await self.findings.replied(event)
        talk = Talk(memory=self.wishes.memory, gh=gh, event=event)
        if asked is None:
            return await talk.replied((await self.app.identity()).bot_login)
        await _react(gh, event)
        await talk.said(asked)
        marker = effect_marker(f"comment-{event.comment_id}", "answer")
        found = await self._answered(gh, event, marker) if tries > 1 else None
        if found is not None:
            await talk.answered(asked, found.body.replace(marker, "").strip(), found.id)
            return Done()
        text = await self._do(gh, event, asked, tries=tries)
        made = await create_comment(
            gh, event.repository, event.number, text, marker=marker
        )
        await talk.answered(asked, text, made.id)
        return Done()

    async def _answered(
        self, gh: Connection, event: CommentEvent, marker: str
    ) -> IssueComment | None:
        author = (await self.app.identity()).bot_login
        return await find_comment(gh, event.repository, event.number, marker, author)

    async def _do(
        self,
        gh: Connection,
        event: CommentEvent,
        asked: Command | Unknown,
        *,
        tries: int,
    ) -> str:
        if isinstance(asked, Unknown):
            return comments.command_help(HELP.items(), not_known=asked.word)
        if asked.verb is Verb.HELP:
            return comments.command_help(HELP.items())
        if refusal := await self._refusal(gh, event, asked.verb):
            return refusal
        try:
            if asked.verb in ABOUT_FINDINGS | KEPT:
                return await self._kept(gh, event, asked, tries=tries)
            return await self._change(event, asked, tries=tries)
        except (InputError, NotFoundError, ConflictError) as error:
            return comments.refused(error)

    async def _refusal(self, gh: Connection, event: CommentEvent, verb: Verb) -> str:
        """Return why a command is not done here, or not by this person, or nothing."""
        pull = await get_pull(gh, event.repository, event.number)
        read = await self.configs.of(gh, event.repository, pull.base_sha)
        allow = read.config.commands.allow
        if allow is not None and verb not in allow:
            return config_words.not_allowed(verb, allow)
        if verb in CHANGING:
            allowed = await permission(gh, event.repository, event.author)
            if not allowed.may_write:
                return comments.may_not(event.author, verb)
        return ""

    async def _kept(
        self, gh: Connection, event: CommentEvent, asked: Command, *, tries: int
    ) -> str:
        if asked.verb in ABOUT_FINDINGS:
            return await self.findings.answer(gh, event, asked)
        return await self.wishes.answer(gh, event, asked, tries=tries)

    async def _change(self, event: CommentEvent, asked: Command, *, tries: int) -> str:
        match asked.verb:
            case Verb.RCA:
                return await self.bundles.explain(event)
            case Verb.ASK:
                return await self.questions.answer(event, asked, tries=tries)
            case Verb.APPROVE | Verb.REJECT | Verb.WAIVE | Verb.RETRY:
                return await self.gates.decide(event, asked, tries=tries)
            case _:
                return await self.runs.answer(event, asked, tries=tries)


def _is_reply(event: CommentEvent) -> bool:
    return isinstance(event, ReviewCommentCreated) and event.in_reply_to is not None


async def _react(gh: Connection, event: CommentEvent) -> None:
    on_line = isinstance(event, ReviewCommentCreated)
    react = react_to_review_comment if on_line else react_to_comment
    await react(gh, event.repository, event.comment_id, "eyes")
