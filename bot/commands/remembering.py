"""What people tell nofx to remember and to forget, and what it says about that."""

from dataclasses import dataclass

from bot.commands import wish_words as words
from bot.commands.grammar import Command, Verb
from bot.commands.wishes import unwanted_of, wanted_of
from bot.github.client import Connection
from bot.github.pulls import get_pull
from bot.remembering import IsFork, Pull, PullMemory
from bot.webhooks.event_types import CommentEvent
from core.audit.service import Audit
from core.errors import (
    ForkMemoryError,
    ItemNotFoundError,
    MemoryKeyError,
    MemoryOffError,
    SealBrokenError,
)
from core.events import schema
from core.memory.model import Session, Source
from core.memory.preferences import Preference, Preferences

KEPT = frozenset({Verb.REMEMBER, Verb.FORGET, Verb.PREFERENCES})


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCommands:
    """Answers about preferences; each call is harmless when it is made again."""

    memory: PullMemory
    audit: Audit

    async def answer(
        self, gh: Connection, event: CommentEvent, asked: Command, *, tries: int
    ) -> str:
        """Do what is asked and return the answer.

        Raises ItemMalformedError, ItemNotFoundError, SessionHeldError, and
        ForkMemoryError when a fork's pull request asks for the repository's memory.
        """
        fork = await fork_of(gh, event)
        try:
            match asked.verb:
                case Verb.REMEMBER:
                    return await self._remember(event, asked, fork=fork)
                case Verb.FORGET:
                    return await self._forget(event, asked, fork=fork, tries=tries)
                case _:
                    return await self._listed(event, fork=fork)
        except (MemoryOffError, MemoryKeyError, SealBrokenError) as error:
            return words.unusable(error)

    async def _remember(
        self, event: CommentEvent, asked: Command, *, fork: bool
    ) -> str:
        wanted = wanted_of(asked.arguments, name=f"comment-{event.comment_id}")
        _, preferences = self.memory.kept()
        session = await self._session(event, repository=wanted.repository, fork=fork)
        made = await preferences.set(
            session.id,
            wanted.wish,
            actor=event.author,
            source=Source.COMMAND,
            refs={"comment": str(event.comment_id)},
            once=f"preference/{event.comment_id}",
        )
        await self._audit(event, session, "memory.remembered", items=str(made.number))
        return words.remembered(made.number, repository=wanted.repository)

    async def _forget(
        self, event: CommentEvent, asked: Command, *, fork: bool, tries: int
    ) -> str:
        unwanted = unwanted_of(asked.arguments)
        _, preferences = self.memory.kept()
        session = await self._session(event, repository=unwanted.repository, fork=fork)
        try:
            gone = await preferences.forget(
                session.id, unwanted.numbers, actor=event.author
            )
        except ItemNotFoundError:
            # The earlier try may have been cut off before anybody saw what it did.
            if tries == 1:
                raise
            gone = unwanted.numbers or ()
        numbers = ",".join(map(str, gone))
        await self._audit(event, session, "memory.forgotten", items=numbers)
        return words.forgotten(len(gone), repository=unwanted.repository)

    async def _listed(self, event: CommentEvent, *, fork: bool) -> str:
        _, preferences = self.memory.kept()
        pull = pull_of(event)
        own = await self._standing(preferences, await self.memory.found(pull.scope))
        if fork:
            return words.listed(own, None)
        shared = await self.memory.found(pull.repository_scope)
        return words.listed(own, await self._standing(preferences, shared))

    async def _standing(
        self, preferences: Preferences, session: Session | None
    ) -> tuple[Preference, ...]:
        if session is None:
            return ()
        return (await preferences.standing(session.id)).preferences

    async def _session(
        self, event: CommentEvent, *, repository: bool, fork: bool
    ) -> Session:
        memory, _ = self.memory.kept()
        pull = pull_of(event)
        if not repository:
            return await self.memory.session(pull, _known(fork=fork))
        if fork:
            raise ForkMemoryError(repository=event.repository, number=event.number)
        return await memory.of(pull.repository_scope)

    async def _audit(
        self, event: CommentEvent, session: Session, action: str, *, items: str
    ) -> None:
        await self.audit.record(
            schema.AuditRecorded(
                actor=event.author,
                action=action,
                subject=f"session/{session.id}",
                repository=event.repository,
                pull=session.scope.pull,
                facts={"items": items, "comment": event.comment_id},
            )
        )


def pull_of(event: CommentEvent) -> Pull:
    """Return the pull request on which a comment stands."""
    return Pull(
        repository=event.repository,
        number=event.number,
        installation_id=event.installation_id,
    )


async def fork_of(gh: Connection, event: CommentEvent) -> bool:
    """Return whether a comment's pull request comes from a fork, or may do so."""
    return (await get_pull(gh, event.repository, event.number)).is_fork


def _known(*, fork: bool) -> IsFork:
    async def known() -> bool:
        return fork

    return known
