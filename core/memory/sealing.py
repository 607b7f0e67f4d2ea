"""Seals items in behind their appends: the session's head, counts, and the event.

Appends need not wait for it: until it is done, whoever reads checks the items behind
the head by their links. What many appends brought is sealed in by one write.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import StoreUnavailableError
from core.events import schema
from core.events.journal import Journal
from core.memory.documents import head_document
from core.memory.model import Kind, Session
from core.memory.opened import Opened
from core.memory.policy import USUAL, Policy
from core.memory.store import MemoryStore
from core.memory.telling import Telling
from core.store.database import Document

PAUSE = 0.05
log = structlog.get_logger()


@dataclass(slots=True)
class _Waiting:
    opened: Opened
    counts: Counter[str] = field(default_factory=Counter)
    authors: set[str] = field(default_factory=set)
    first: int = 0
    ends: list[datetime] = field(default_factory=list)


class Sealing:
    """Gathers what was appended and seals it in, a moment later or at `close`."""

    def __init__(
        self,
        store: MemoryStore,
        journal: Journal,
        *,
        clock: Clock,
        policy: Policy = USUAL,
    ) -> None:
        self._store = store
        self._policy = policy
        self.telling = Telling(journal, clock=clock)
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}
        self._task: asyncio.Task[None] | None = None

    async def began(self, session: Session) -> None:
        """Tell of a new session."""
        event = schema.MemorySessionOpened(
            session_id=session.id,
            scope=session.scope.kind,
            repository=session.scope.repository,
            pull=session.scope.pull,
            fork=session.fork,
            expires_at=session.expires_at,
        )
        await self.telling.say(session.id, event)

    def appended(self, after: Opened, documents: Sequence[Document]) -> None:
        """Remember what is to be sealed in."""
        waiting = self._waiting.setdefault(
            after.session.id, _Waiting(after, first=documents[0]["seq"])
        )
        waiting.opened = after
        waiting.counts.update(one["kind"] for one in documents)
        waiting.authors |= {one["author"].lower() for one in documents} - {""}
        waiting.ends += [one["expires_at"] for one in documents if "expires_at" in one]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._soon())

    async def flush(self) -> None:
        """Seal in what waits; raises StoreUnavailableError, and it waits on."""
        taken, self._waiting = self._waiting, {}
        if not taken:
            return
        try:
            changes = [self._changes(one) for one in taken.values()]
            await self._store.advance([one for some in changes for one in some])
            for one in taken.values():
                await self._tell(one)
        except StoreUnavailableError:
            for name, one in taken.items():
                later = self._waiting.setdefault(name, one)
                if later is not one:
                    later.counts.update(one.counts)
                    later.authors |= one.authors
                    later.ends += one.ends
                    later.first = one.first
            raise

    async def close(self) -> None:
        """Seal in what waits, once more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._waiting:
            await self.flush()

    async def _soon(self) -> None:
        while self._waiting:
            await self._clock.sleep(PAUSE)
            try:
                await self.flush()
            except StoreUnavailableError as error:
                log.warning("memory.unsealed", reason=str(error))

    def _changes(self, waiting: _Waiting) -> list[tuple[str, int, Document]]:
        """Return how the session changes, and how it does while it is held."""
        opened, now = waiting.opened, self._clock.now()
        session = opened.session
        fields: Document = {
            "head": head_document(opened.head()),
            "epoch": opened.epoch,
            "updated_at": now,
        }
        counts = {f"counts.{kind}": count for kind, count in waiting.counts.items()}
        change: Document = {"$set": fields, "$inc": {"revision": 1, **counts}}
        if waiting.authors:
            change["$addToSet"] = {"authors": {"$each": sorted(waiting.authors)}}
        if waiting.ends:
            first = self._policy.first_look(min(waiting.ends), now)
            change["$min"] = {"due_at": first}
        # A marker tells of an end, and puts none off.
        if not session.sliding or not set(waiting.counts) - {Kind.MARKER}:
            return [(session.id, opened.seq, change)]
        # Never sooner than somebody has put it off to. When it is due stays as it is:
        # the sweeper looks, finds that it ends later, and comes again.
        end = now + timedelta(seconds=session.sliding)
        held = change | {"$max": {"expires_at": end}}
        purged = {"expires_at": end, "purge_after": self._policy.purge_after(end)}
        free = change | {"$max": purged}
        return [(session.id, opened.seq, one) for one in (free, held)]

    async def _tell(self, waiting: _Waiting) -> None:
        opened = waiting.opened
        event = schema.MemoryAppended(
            session_id=opened.session.id,
            first=waiting.first,
            last=opened.seq,
            kinds=dict(waiting.counts),
            head=opened.link.hex(),
        )
        await self.telling.say(opened.session.id, event)
