"""Writes the audit: one chain over all entries, in volumes of bounded length."""

import asyncio
from collections.abc import Sequence
from contextvars import Context

from core.audit.ending import end_of
from core.audit.places import BEGINNING, MOST, VOLUME, Head, stream_of
from core.clock import Clock
from core.errors import ConcurrencyError
from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit, Draft
from core.events.journal import Journal

__all__ = ["VOLUME", "Audit", "stream_of"]

TRIES = 100


class Audit:
    """Appends entries, in whatever process; each goes behind the last one.

    A volume that is full is followed by another, whose first entry names the last one's
    hash: so all of them are one chain. Entries that wait while one is written go into
    the next commit together. Every method raises StoreUnavailableError.
    """

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._end: Head | None = None
        self._waiting: list[_Entry] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, entry: schema.AuditRecorded) -> Commit:
        """Append one entry; it is durable, in the commit returned, when this returns.

        Raises RefusedByDatabaseError for what the journal does not take.
        """
        future: asyncio.Future[Commit] = asyncio.get_running_loop().create_future()
        # A caller that was cancelled never asks: asyncio would call it an error.
        future.add_done_callback(_asked)
        self._waiting.append((entry, future))
        if self._task is None or self._task.done():
            # It works for all, so what it logs names nobody's run or request.
            self._task = asyncio.create_task(self._write_all(), context=Context())
        return await asyncio.shield(future)

    async def volume(self, number: int) -> tuple[Commit, ...]:
        """Return the entries of a volume, oldest first; empty when there is none."""
        return await self._journal.read(stream_of(number))

    async def head(self) -> Head:
        """Return where the chain ends now, to be kept elsewhere."""
        return await end_of(self._journal, self._end or BEGINNING)

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            # One that cannot be stored must not take the others with it.
            if len(batch) == 1 or not await self._write(batch):
                for one in batch:
                    await self._write([one], alone=True)

    async def _write(self, batch: Sequence["_Entry"], *, alone: bool = False) -> bool:
        try:
            commit = await self._append_behind([entry for entry, _ in batch])
        except Exception as error:  # noqa: BLE001 # it is its callers' answer
            self._end = None
            if alone:
                _answer(batch, error)
            return False
        for _, future in batch:
            if not future.done():
                future.set_result(commit)
        return True

    async def _append_behind(self, events: Sequence[Payload]) -> Commit:
        for _ in range(TRIES):
            end = self._end
            try:
                if end is None or end.is_full:
                    end = await self._open_volume(end or BEGINNING)
                return await self._append(end, events)
            except ConcurrencyError:
                self._end = await end_of(self._journal, end or BEGINNING)
        raise ConcurrencyError(stream="audit", seq=0)

    async def _open_volume(self, known: Head) -> Head:
        """Return an end behind which there is room, in a new volume if need be."""
        end = await end_of(self._journal, known)
        if not end.is_full:
            return end
        first = schema.AuditContinued(
            volume=end.volume + 1, previous=stream_of(end.volume), head=end.hash
        )
        begin = Head(volume=end.volume + 1, seq=0, hash=BEGINNING.hash)
        commit = await self._append(begin, (first,))
        return Head(volume=begin.volume, seq=commit.seq, hash=commit.stored_hash)

    async def _append(self, end: Head, events: Sequence[Payload]) -> Commit:
        draft = Draft(
            stream=stream_of(end.volume),
            seq=end.seq + 1,
            time=self._clock.now(),
            events=tuple(events),
            prev_hash=end.hash,
        )
        commit = await self._journal.append(draft)
        self._end = Head(volume=end.volume, seq=commit.seq, hash=commit.stored_hash)
        return commit


_Entry = tuple[schema.AuditRecorded, "asyncio.Future[Commit]"]


def _asked(future: "asyncio.Future[Commit]") -> None:
    if not future.cancelled():
        future.exception()


def _answer(batch: Sequence[_Entry], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
