"""Tells in the journal what happened to a session; never what it says."""

from collections.abc import Callable, Sequence

from cachetools import LRUCache

from core.clock import Clock
from core.errors import ConcurrencyError
from core.events.base import Payload
from core.events.commit import GENESIS, Commit, Draft
from core.events.journal import Journal
from core.memory.model import stream_of

TRIES = 50
REMEMBERED = 1000
Decide = Callable[[Sequence[Payload]], Sequence[Payload]]


class Telling:
    """Appends events to sessions' streams, whoever else does so meanwhile.

    Every method raises StoreUnavailableError.
    """

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._last: LRUCache[str, Commit] = LRUCache(REMEMBERED)

    async def events(self, session_id: str) -> tuple[Payload, ...]:
        """Return all that was told of a session, oldest first."""
        commits = await self._journal.read(stream_of(session_id))
        return tuple(event for commit in commits for event in commit.events)

    async def say(self, session_id: str, *events: Payload) -> None:
        """Append events, whatever was told before."""
        await self.say_on(stream_of(session_id), *events)

    async def say_on(self, stream: str, *events: Payload) -> None:
        """Append events to a stream that is no session's."""
        last = self._last.get(stream)
        for _ in range(TRIES):
            if last is None:
                last = _last(await self._journal.read(stream))
            try:
                return await self._append(stream, last, events)
            except ConcurrencyError:
                last = None
        raise ConcurrencyError(stream=stream, seq=0)

    async def tell(self, session_id: str, decide: Decide) -> Sequence[Payload]:
        """Append what `decide` makes of the events so far; nothing when it makes none.

        It is asked again when somebody else was first, so that what must be told once
        is told once. Returns what was appended.
        """
        return await self.tell_on(stream_of(session_id), decide)

    async def tell_on(self, stream: str, decide: Decide) -> Sequence[Payload]:
        """Do as `tell` does, on a stream that is no session's."""
        for _ in range(TRIES):
            commits = await self._journal.read(stream)
            told = [event for commit in commits for event in commit.events]
            events = tuple(decide(told))
            if not events:
                return ()
            try:
                await self._append(stream, _last(commits), events)
            except ConcurrencyError:
                continue
            return events
        raise ConcurrencyError(stream=stream, seq=0)

    async def _append(
        self, stream: str, last: Commit | None, events: tuple[Payload, ...]
    ) -> None:
        draft = Draft(
            stream=stream,
            seq=last.seq + 1 if last else 1,
            time=self._clock.now(),
            events=events,
            prev_hash=last.stored_hash if last else GENESIS,
        )
        try:
            self._last[stream] = await self._journal.append(draft)
        except ConcurrencyError:
            self._last.pop(stream, None)
            raise


def _last(commits: Sequence[Commit]) -> Commit | None:
    return commits[-1] if commits else None
