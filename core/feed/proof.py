"""Proves that the feed tells what the journal has: all of it, once, and in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock
from core.events.writers import Writers
from core.feed.order import Logged
from core.feed.page import FeedEntry, Head
from core.feed.reader import FeedReader
from core.feed.writer_logs import WriterLogs
from core.store.database import Database

REACH = 500
AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was compared, and the first difference; None when there is none."""

    oldest: int
    head: int
    streams: int
    difference: str | None

    @property
    def intact(self) -> bool:
        """Return whether the feed is what the journal says."""
        return self.difference is None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a stream has been told: an event of a commit, and how many that has."""

    seq: int
    index: int
    events: int

    def next(self) -> tuple[int, int]:
        """Return the sequence and index of the event that has to follow."""
        if self.index + 1 < self.events:
            return self.seq, self.index + 1
        return self.seq + 1, 0


class FeedProver:
    """Walks the feed beside the journal; raises StoreUnavailableError.

    What is decided after it has begun does not count, so it can run beside the work.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._clock = clock
        self._feed = FeedReader(database)
        self._logs = WriterLogs(database)
        self._writers = Writers(database, clock=clock)
        self._places: dict[str, Place] = {}

    async def prove(self) -> Proof:
        """Compare everything from the oldest kept position on."""
        began = self._clock.now()
        head = await self._feed.end()
        oldest = await self._feed.oldest()
        difference = await self._first_difference(oldest, head, began)
        return Proof(
            oldest=oldest,
            head=head.position,
            streams=len(self._places),
            difference=difference,
        )

    async def _first_difference(
        self, oldest: int, head: Head, began: datetime
    ) -> str | None:
        async for difference in self._differences(oldest, head):
            return difference
        since = await self._since(oldest)
        async for commit in self._untold(head):
            if commit.time < began and (since is None or commit.time > since):
                return f"{commit.stream}:{commit.seq} is not in the feed"
        return None

    async def _since(self, oldest: int) -> datetime | None:
        """Return when the oldest kept event was decided, None when all are kept."""
        found = await self._feed.between(oldest, oldest) if oldest > 1 else ()
        return found[0].time if found else None

    async def _differences(self, oldest: int, head: Head) -> AsyncIterator[str]:
        position = oldest
        while position <= head.position:
            last = min(position + REACH - 1, head.position)
            entries = await self._feed.between(position, last)
            if len(entries) < last - position + 1:
                oldest = await self._feed.oldest()
            if position < oldest:  # trimmed meanwhile
                position = oldest
                continue
            commits = await self._commits(entries)
            for expected, entry in enumerate(entries, start=position):
                if entry.position != expected:
                    yield f"position {expected} is missing"
                wrong = self._wrong(entry, commits, whole=oldest == 1)
                if wrong is not None:
                    yield f"position {entry.position}, {entry.id}: {wrong}"
            if len(entries) < last - position + 1:
                yield f"position {position + len(entries)} is missing"
            position = last + 1

    async def _commits(
        self, entries: Sequence[FeedEntry]
    ) -> Mapping[tuple[str, int], Logged | None]:
        keys = list({(entry.stream, entry.seq): None for entry in entries})
        found: list[Logged | None] = []
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            found += await asyncio.gather(
                *(self._logs.of_stream(stream, seq) for stream, seq in part)
            )
        return dict(zip(keys, found, strict=True))

    def _wrong(
        self,
        entry: FeedEntry,
        commits: Mapping[tuple[str, int], Logged | None],
        *,
        whole: bool,
    ) -> str | None:
        """Return what is wrong with an entry, and note that it was told."""
        seq, index = entry.seq, int(entry.id.rpartition(".")[2])
        commit = commits[entry.stream, seq]
        if commit is None or index >= len(commit.events):
            return "the journal has no such event"
        event = commit.events[index]
        if (event["type"], event["data"]) != (entry.type, entry.data):
            return "the journal has something else"
        if commit.time != entry.time:
            return "the journal has another time"
        place = self._places.get(entry.stream)
        self._places[entry.stream] = Place(seq, index, len(commit.events))
        if place is None:
            begins = not whole or (seq, index) == (1, 0)
            return None if begins else "its stream does not begin with it"
        if place.next() == (seq, index):
            return None
        return f"it follows {entry.stream}:{place.seq}.{place.index}"

    async def _untold(self, head: Head) -> AsyncIterator[Logged]:
        """Yield commits that should be in the feed by now, and are not."""
        for stream, place in self._places.items():
            commit = await self._logs.of_stream(stream, place.next()[0])
            if commit is not None and await self._is_due(commit, head):
                yield commit
        async for commit in self._logs.firsts():
            if commit.stream not in self._places and await self._is_due(commit, head):
                yield commit

    async def _is_due(self, commit: Logged, head: Head) -> bool:
        """Return whether a commit must be in the feed as far as that goes."""
        if commit.writer in head.cursors:
            return commit.wseq <= head.cursors[commit.writer]
        return not await self._writers.is_live(commit.writer)
