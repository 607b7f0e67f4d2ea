"""Writes the audit: one chain over all entries, in volumes of bounded length."""

from core.clock import Clock
from core.errors import ConcurrencyError
from core.events import schema
from core.events.base import Payload
from core.events.commit import GENESIS, Commit, Draft
from core.events.journal import Journal

VOLUME = 1000
TRIES = 100


def stream_of(volume: int) -> str:
    """Return the journal's stream of a volume, from 1."""
    return f"audit/{volume:06d}"


class Audit:
    """Appends entries, in whatever process; each goes behind the last one.

    A volume that is full is followed by another, whose first entry names the last one's
    hash: so all of them are one chain. Every method raises StoreUnavailableError.
    """

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._volume = 1
        self._last: Commit | None = None

    async def record(self, entry: schema.AuditRecorded) -> Commit:
        """Append one entry; it is durable when this returns."""
        for _ in range(TRIES):
            if self._last is None or self._last.seq >= VOLUME:
                await self._find_end()
            try:
                self._last = await self._append(self._volume, self._last, entry)
            except ConcurrencyError:
                self._last = None
            else:
                return self._last
        raise ConcurrencyError(stream=stream_of(self._volume), seq=0)

    async def volume(self, number: int) -> tuple[Commit, ...]:
        """Return the entries of a volume, oldest first; empty when there is none."""
        return await self._journal.read(stream_of(number))

    async def _find_end(self) -> None:
        while True:
            commits = await self.volume(self._volume)
            self._last = commits[-1] if commits else None
            if len(commits) < VOLUME:
                return
            await self._continue(commits[-1])
            self._volume += 1

    async def _continue(self, last: Commit) -> None:
        if await self._journal.documents(stream_of(self._volume + 1)):
            return
        first = schema.AuditContinued(
            volume=self._volume + 1, previous=last.stream, head=last.stored_hash
        )
        try:
            await self._append(self._volume + 1, None, first)
        except ConcurrencyError:
            return  # another process was first, with the same words

    async def _append(self, volume: int, last: Commit | None, event: Payload) -> Commit:
        draft = Draft(
            stream=stream_of(volume),
            seq=last.seq + 1 if last else 1,
            time=self._clock.now(),
            events=(event,),
            prev_hash=last.stored_hash if last else GENESIS,
        )
        return await self._journal.append(draft)
