"""The memory of pull requests: what was said, what was reviewed, what is wanted.

Each pull request has a session, and so has each repository. What comes again because
a webhook was delivered twice, or a worker died, is there once.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from typing_extensions import override

from bot.memory import MemoryParts
from bot.memory_guard import Guard
from bot.pipeline.memories import (
    Files,
    Memories,
    Recalled,
    Remembrance,
    Reviewed,
)
from bot.plain import counted
from core.memory.compaction import Compaction, conversation, extract
from core.memory.compare import Comparison, compare
from core.memory.contents import Contents
from core.memory.model import Draft, Kind, Role, Scope, Session, Source
from core.memory.preferences import Forgetting, Preferences, Standing, Value
from core.memory.service import Memory
from core.memory.workspace import Workspaces
from core.review.reviewer import Preferred
from core.runs.model import Run
from core.store.database import Database

# So many messages are read as they are; the older ones get a summary.
LONG_TALK = 200
LONGEST_SAID = 20_000
IsFork = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request, by the names that its session has."""

    repository: str
    number: int
    installation_id: int | None = None

    @property
    def scope(self) -> Scope:
        """Return what the pull request's session belongs to."""
        return Scope(
            kind="pull",
            repository=self.repository,
            pull=self.number,
            installation_id=self.installation_id,
        )

    @property
    def repository_scope(self) -> Scope:
        """Return what the repository's session belongs to."""
        return Scope(
            kind="repository",
            repository=self.repository,
            installation_id=self.installation_id,
        )


class PullMemory(Memories):
    """Reads and writes sessions for reviews and comments.

    What is asked for a review, and what records a conversation, never fails: see
    `Guard`. The rest raises what `Memory` raises, and MemoryOffError.
    """

    def __init__(
        self, parts: MemoryParts, contents: Contents, forgetting: Forgetting | None
    ) -> None:
        self._parts = parts
        self._contents = contents
        self._forgetting = forgetting
        self._guard = Guard()

    @property
    def is_on(self) -> bool:
        """Return whether anything is remembered at all."""
        return self._parts.kept is not None

    def kept(self) -> tuple[Memory, Preferences]:
        """Return memory and its preferences; raises MemoryOffError."""
        memory = self._parts.opened()
        assert self._forgetting is not None  # noqa: S101  # it is there with memory
        return memory, Preferences(memory, self._forgetting)

    async def session(self, pull: Pull, fork: IsFork) -> Session:
        """Return a pull request's session, made if there is none."""
        memory = self._parts.opened()
        found = await self.found(pull.scope)
        return found or await memory.of(pull.scope, fork=await fork())

    async def found(self, scope: Scope) -> Session | None:
        """Return a scope's session that takes items, if there is one.

        One that is over, and of which something is held, is no part of the talk any
        more.
        """
        memory = self._parts.opened()
        for one in await memory.store.of_scope(scope.key):
            if one.is_open(memory.now()):
                return one
        return None

    async def said(
        self,
        pull: Pull,
        text: str,
        *,
        author: str,
        source: Source,
        refs: Mapping[str, str],
        fork: IsFork,
    ) -> None:
        """Record what a person wrote; `refs` name the comment, and tell it apart."""
        draft = Draft(
            kind=Kind.MESSAGE,
            content={"text": text[:LONGEST_SAID]},
            role=Role.USER,
            source=source,
            author=author,
            refs=refs,
            once=f"comment/{refs['comment']}",
        )
        await self._guard.tried("record", self._append(pull, draft, fork), None)

    async def answered(
        self, pull: Pull, text: str, *, to: str, refs: Mapping[str, str], fork: IsFork
    ) -> None:
        """Record what nofx answered to the comment `to`."""
        draft = Draft(
            kind=Kind.MESSAGE,
            content={"text": text[:LONGEST_SAID]},
            role=Role.ASSISTANT,
            source=Source.COMMAND,
            author="nofx",
            refs={**refs, "answers": to},
            once=f"answer/{to}",
        )
        await self._guard.tried("record", self._append(pull, draft, fork), None)

    @override
    async def preferences(self, run: Run, *, fork: bool) -> Remembrance:
        if not run.subject.pull:
            return Remembrance()
        work = self._preferences(pull_of(run), fork=fork)
        return await self._guard.tried("recall", work, Remembrance())

    @override
    async def since_last(self, run: Run, *, fork: bool, files: Files) -> str:
        if not run.subject.pull:
            return ""
        return await self._guard.tried("compare", self._since_last(run, files), "")

    @override
    async def reviewed(self, run: Run, reviewed: Reviewed) -> None:
        # A branch that says nothing at GitHub is nobody's word on the pull request.
        if run.subject.pull and run.publish:
            await self._guard.tried("record", self._reviewed(run, reviewed), None)

    async def _append(self, pull: Pull, draft: Draft, fork: IsFork) -> None:
        session = await self.session(pull, fork)
        await self._parts.opened().append(session.id, [draft])

    async def _preferences(self, pull: Pull, *, fork: bool) -> Remembrance:
        _, preferences = self.kept()
        own = await self.found(pull.scope)
        scopes = {} if own is None else {"pull": own}
        if not fork and (own is None or not own.fork):
            shared = await self.found(pull.repository_scope)
            scopes = scopes if shared is None else {"repository": shared, **scopes}
        # What is wanted of this pull request comes before what is wanted of all.
        wanted: dict[str, Preferred] = {}
        recalled: list[Recalled] = []
        for scope, session in scopes.items():
            standing = await preferences.standing(session.id)
            wanted |= {one.name: one for one in _preferred(standing, scope)}
            if standing.preferences:
                recalled.append(_recalled(standing))
        return Remembrance(preferences=tuple(wanted.values()), recalled=tuple(recalled))

    async def _since_last(self, run: Run, files: Files) -> str:
        session = await self.found(pull_of(run).scope)
        if session is None:
            return ""
        workspaces = Workspaces(self._parts.opened(), self._contents)
        last = await workspaces.latest(session.id, not_of_run=run.id)
        if last is None:
            return ""
        now = await workspaces.named(session.id, await files())
        return words_of(compare(last.tree, now), len(now))

    async def _reviewed(self, run: Run, reviewed: Reviewed) -> None:
        pull = pull_of(run)
        memory = self._parts.opened()
        session = await self.found(pull.scope)
        session = session or await memory.of(pull.scope, fork=reviewed.fork)
        await Workspaces(memory, self._contents).save(
            session.id,
            run.subject.head_sha,
            await reviewed.files(),
            refs={"run": run.id},
            once=f"run/{run.id}/snapshot",
        )
        own = [one for one in reviewed.recalled if one.session_id == session.id]
        given = {f"given/{one.session_id}": str(one.epoch) for one in reviewed.recalled}
        draft = Draft(
            kind=Kind.MESSAGE,
            content={
                "text": reviewed.verdict,
                "head_sha": run.subject.head_sha,
            },
            role=Role.ASSISTANT,
            source=Source.REVIEW,
            author="nofx",
            lineage=tuple(seq for one in own for seq in one.items),
            refs={"run": run.id, "part": "verdict", **given},
            once=f"run/{run.id}/verdict/{reviewed.number}",
        )
        # What was made from what was redacted meanwhile is not to be kept.
        epoch = own[0].epoch if own else None
        await memory.append(session.id, [draft], epoch=epoch)
        await self._compact(memory, session)

    async def _compact(self, memory: Memory, session: Session) -> None:
        if session.counts.get("message", 0) < LONG_TALK or self._forgetting is None:
            return
        talk = await conversation(memory, session.id)
        if len(talk.items) >= LONG_TALK:
            await Compaction(memory, self._forgetting).compact(session.id, extract)


def memories_on(database: Database, parts: MemoryParts) -> PullMemory:
    """Return the memory of pull requests over a process's session memory."""
    return PullMemory(parts, Contents(database), parts.redacting)


def pull_of(run: Run) -> Pull:
    """Return the pull request that a run is about."""
    subject = run.subject
    return Pull(
        repository=subject.repository,
        number=subject.pull,
        installation_id=subject.installation_id,
    )


def words_of(comparison: Comparison, files: int) -> str:
    """Return what became of the reviewed files, as a sentence without its end."""
    moved = len(comparison.moved)
    words = f"{comparison.news} of {counted(files, 'file')} changed"
    return f"{words}{f', {moved} moved' if moved else ''} since the last review"


def text_of(value: Value) -> str:
    """Return a preference's value as text."""
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def _preferred(standing: Standing, scope: str) -> tuple[Preferred, ...]:
    return tuple(
        Preferred(
            name=one.name,
            value=text_of(one.value),
            why=one.why,
            set_by=one.set_by,
            scope=scope,
        )
        for one in standing.preferences
    )


def _recalled(standing: Standing) -> Recalled:
    return Recalled(
        session_id=standing.session_id,
        epoch=standing.epoch,
        items=tuple(one.number for one in standing.preferences),
        mac=standing.mac,
    )
