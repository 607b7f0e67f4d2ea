"""Seals items in behind their appends: the session's head, counts, and the event.

Appends need not wait for it: until it is done, whoever reads checks the items behind
the head by their links. What many appends brought is sealed in by one write.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import NofxError
from core.events import schema
from core.events.base import Payload
from core.events.journal import Journal
from core.memory.documents import head_document
from core.memory.model import Kind, Session
from core.memory.opened import Opened
from core.memory.policy import USUAL, Policy
from core.memory.store import MemoryStore
from core.memory.telling import Telling
from core.store.database import Document

PAUSE, LONGEST_PAUSE = 0.05, 5.0
TRIES = 20
log = structlog.get_logger()


@dataclass(slots=True)
class _Gain:
    """What items change in their session: how many, by whom, and which end sooner."""

    counts: Counter[str] = field(default_factory=Counter)
    authors: set[str] = field(default_factory=set)
    ends: list[datetime] = field(default_factory=list)

    def add(self, documents: Sequence[Document]) -> None:
        self.counts.update(one["kind"] for one in documents)
        self.authors |= {one["author"].lower() for one in documents} - {""}
        self.ends += [one["expires_at"] for one in documents if "expires_at" in one]


@dataclass(slots=True)
class _Waiting:
    opened: Opened
    first: int
    gain: _Gain = field(default_factory=_Gain)

    @property
    def is_whole(self) -> bool:
        """Return whether no other process has come in between its items."""
        return self.gain.counts.total() == self.opened.seq - self.first + 1

    def event(self) -> schema.MemoryAppended:
        """Return what is to be told."""
        return schema.MemoryAppended(
            session_id=self.opened.session.id,
            first=self.first,
            last=self.opened.seq,
            kinds=dict(self.gain.counts),
            head=self.opened.link.hex(),
        )


@dataclass(slots=True)
class _Untold:
    event: schema.MemoryAppended
    tried: bool = False


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
        self._untold: deque[_Untold] = deque()
        self._flushing = asyncio.Lock()
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
            after.session.id, _Waiting(after, documents[0]["seq"])
        )
        waiting.opened = after
        waiting.gain.add(documents)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._soon())

    async def flush(self) -> None:
        """Seal in what waits; raises StoreUnavailableError, and it waits on."""
        async with self._flushing:
            taken, self._waiting = self._waiting, {}
            try:
                await self._seal(list(taken.values()))
            except BaseException:
                self._wait_on(taken)
                raise
            self._untold += [_Untold(one.event()) for one in taken.values()]
            while self._untold:
                await self._tell(self._untold[0])
                self._untold.popleft()

    async def close(self) -> None:
        """Seal in what waits, once more."""
        # Not in the middle of a flush: it would be done in part.
        async with self._flushing:
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
        await self.flush()

    async def _soon(self) -> None:
        pause = PAUSE
        while self._waiting or self._untold:
            await self._clock.sleep(pause)
            try:
                await self.flush()
                pause = PAUSE
            except NofxError as error:
                log.warning("memory.unsealed", reason=str(error))
                pause = min(2 * pause, LONGEST_PAUSE)

    def _wait_on(self, taken: Mapping[str, _Waiting]) -> None:
        for name, one in taken.items():
            later = self._waiting.setdefault(name, one)
            if later is not one:
                later.first = one.first
                later.gain.counts.update(one.gain.counts)
                later.gain.authors |= one.gain.authors
                later.gain.ends += one.gain.ends

    async def _seal(self, waiting: Sequence[_Waiting]) -> None:
        """Move the heads on, all at once where nobody else came in between."""
        changes = [
            change
            for one in waiting
            if one.is_whole
            for change in self._changes(one.opened, one.gain, one.first - 1)
        ]
        moved = await self._store.advance(changes) if changes else 0
        if moved < len(waiting):
            for one in waiting:
                await self._seal_behind(one.opened)

    async def _seal_behind(self, opened: Opened) -> None:
        """Seal in whatever lies behind the head, whoever appended it.

        Another process may have died before it came to that.
        """
        for _ in range(TRIES):
            session = await self._store.get(opened.session.id)
            if session is None or session.state != "live":
                return
            before, gain = session.head.seq, _Gain()
            if before >= opened.seq:
                return
            found = await self._store.items(
                session.id, before + 1, opened.seq, bare=True
            )
            gain.add(found)
            if await self._store.advance(self._changes(opened, gain, before)):
                return

    def _changes(
        self, opened: Opened, gain: _Gain, before: int
    ) -> list[tuple[str, int, Document]]:
        """Return how the session changes, and how it does while it is held."""
        session, now = opened.session, self._clock.now()
        fields: Document = {
            "head": head_document(opened.head()),
            "epoch": opened.epoch,
            "updated_at": now,
        }
        counts = {f"counts.{kind}": count for kind, count in gain.counts.items()}
        change: Document = {"$set": fields, "$inc": {"revision": 1, **counts}}
        if gain.authors:
            change["$addToSet"] = {"authors": {"$each": sorted(gain.authors)}}
        if gain.ends:
            first = self._policy.first_look(min(gain.ends), now)
            change["$min"] = {"due_at": first}
        # A marker tells of an end, and puts none off.
        if not session.sliding or not set(gain.counts) - {Kind.MARKER}:
            return [(session.id, before, change)]
        # Never sooner than somebody has put it off to. When it is due stays as it is:
        # the sweeper looks, finds that it ends later, and comes again.
        end = now + timedelta(seconds=session.sliding)
        held = change | {"$max": {"expires_at": end}}
        purged = {"expires_at": end, "purge_after": self._policy.purge_after(end)}
        free = change | {"$max": purged}
        return [(session.id, before, one) for one in (free, held)]

    async def _tell(self, one: _Untold) -> None:
        """Tell once, also when nobody knows whether the last try came through."""
        event = one.event
        if one.tried:

            def decide(told: Sequence[Payload]) -> Sequence[Payload]:
                return () if event in told else (event,)

            await self.telling.tell(event.session_id, decide)
            return
        one.tried = True
        await self.telling.say(event.session_id, event)
