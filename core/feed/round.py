"""One round of the feeder: look at every writer's log, add the pages that follow."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import FeedOvertakenError
from core.events.journal import seal
from core.events.just_appended import JustAppended
from core.events.writers import Writer, Writers, last_words, sealing
from core.feed.about import Abouts
from core.feed.just_fed import JustFed
from core.feed.order import Logged, in_order, just_logged, pages, without
from core.feed.page import Head
from core.feed.store import FeedPages
from core.feed.writer_logs import WriterLogs
from core.store.database import Database

REMEMBERED = 10_000
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds of the lease and its renewal, of the polls, and of a writer's silence.

    A dead feeder is followed after at most `lease` + `renew`. `shortest` lies between
    two rounds under load, `longest` between two when nothing has happened for a minute:
    it is how late an event of another process can be then. `batch` is commits a writer
    and round. `register` is how long a list of the writers is good for.

    A writer that is not heard of for `silence` has its log ended. That is safe however
    short it is, since the end takes the writer's next number: one that was only asleep
    is refused, takes a new name and appends again. It is long so that a quiet process
    does not fill the journal with its ends.
    """

    lease: float = 7.0
    renew: float = 2.5
    shortest: float = 0.025
    longest: float = 2.0
    silence: float = 3600.0
    batch: int = 200
    register: float = 0.25


class Round:
    """One look at every log, and the pages that follow from it."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        pace: Pace,
        just_fed: JustFed | None = None,
        newest: JustAppended | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pace = pace
        self._just_fed = just_fed or JustFed()
        self._newest = newest or JustAppended()
        self._pages = FeedPages(database)
        self._writers = Writers(database, clock=clock)
        self._logs = WriterLogs(database)
        self._abouts = Abouts(self._logs)
        self._head: Head | None = None
        self._fed: OrderedDict[str, int] = OrderedDict()
        self._heard: dict[str, datetime] = {}
        self._live: tuple[Writer, ...] = ()
        self._live_until = 0.0

    @property
    def ready(self) -> bool:
        """Return whether it knows where the feed ends."""
        return self._head is not None

    @property
    def position(self) -> int:
        """Return the last position that it knows."""
        return self._head.position if self._head else 0

    def forget(self) -> None:
        """Forget where the feed ends, until it is reloaded."""
        self._head = None
        self._fed.clear()
        self._heard.clear()
        self._live_until = 0.0

    async def reload(self, hint: int) -> Head:
        """Find where the feed ends."""
        self.forget()
        self._head = await self._pages.head(hint)
        return self._head

    async def run(self) -> int:
        """Add what the logs hold by now; returns how many events.

        Raises FeedOvertakenError, StoreUnavailableError; then it must be reloaded.
        """
        head = self._head or await self.reload(0)
        # Read after the head: a writer that the head no longer knows is not among them.
        writers = await self._writers_now()
        names = {writer.name for writer in writers}
        head = without(head, head.cursors.keys() - names)
        logs = await self._read(head, names)
        first = head.part.writer if head.part else None
        merged = in_order(logs, await self._predecessors(head, logs), first=first)
        before = head.position
        for page in pages(head, await self._abouts.fill(merged)):
            if not await self._pages.insert(page):
                self.forget()
                raise FeedOvertakenError(position=page.entries[0].position - 1)
            self._head = head = page.head
            self._just_fed.add(page.entries)
        await self._note(merged)
        for writer in writers:
            if not logs[writer.name]:
                await self._check_silent(writer, head.cursors.get(writer.name, 0))
        return head.position - before

    async def _writers_now(self) -> tuple[Writer, ...]:
        """Return the live writers; a new one is heard of a little later under load."""
        now = self._clock.monotonic()
        if now >= self._live_until:
            self._live = await self._writers.live()
            self._live_until = now + self._pace.register
        return self._live

    async def _read(self, head: Head, names: set[str]) -> dict[str, tuple[Logged, ...]]:
        listed = sorted(names)
        found = await asyncio.gather(
            *(self._log(name, head.cursors.get(name, 0)) for name in listed)
        )
        return dict(zip(listed, found, strict=True))

    async def _log(self, writer: str, cursor: int) -> tuple[Logged, ...]:
        """Return what follows in a log; the journal alone knows that nothing does."""
        most = self._pace.batch
        newest = self._newest.after(writer, cursor, limit=most)
        if newest:
            return tuple(map(just_logged, newest))
        return await self._logs.after(writer, cursor, limit=most)

    async def _predecessors(
        self, head: Head, logs: Mapping[str, Sequence[Logged]]
    ) -> dict[str, int]:
        """Return how far each stream of the logs is fed, as far as that matters.

        Only a stream's earliest commit here can wait for one that is not here.
        """
        earliest: dict[str, int] = {}
        for log_ in logs.values():
            for commit in log_:
                seq = earliest.get(commit.stream, commit.seq)
                earliest[commit.stream] = min(seq, commit.seq)
        fed: dict[str, int] = {}
        for stream, seq in earliest.items():
            if seq > 1 and self._fed.get(stream, 0) < seq - 1:
                if await self._is_fed(head, stream, seq - 1):
                    fed[stream] = seq - 1
            else:
                fed[stream] = seq - 1
        return fed

    async def _is_fed(self, head: Head, stream: str, seq: int) -> bool:
        before = await self._logs.of_stream(stream, seq)
        if before is None:
            # An order that is not there cannot be kept; what came later must not wait
            # for ever.
            log.error("feeder.predecessor_missing", stream=stream, seq=seq)
            return True
        if before.writer in head.cursors:
            return before.wseq <= head.cursors[before.writer]
        return not await self._writers.is_live(before.writer)

    async def _note(self, merged: Sequence[Logged]) -> None:
        for commit in merged:
            self._heard[commit.writer] = commit.time
            self._fed[commit.stream] = commit.seq
            self._fed.move_to_end(commit.stream)
            if commit.ends_log:
                await self._retire(commit.writer)
        while len(self._fed) > REMEMBERED:
            self._fed.popitem(last=False)

    async def _check_silent(self, writer: Writer, cursor: int) -> None:
        if writer.name not in self._heard:
            last = await self._logs.at(writer.name, cursor) if cursor else None
            if last and last.ends_log:
                await self._retire(writer.name)
                return
            self._heard[writer.name] = last.time if last else writer.registered_at
        now = self._clock.now()
        silent = timedelta(seconds=self._pace.silence)
        if now - self._heard[writer.name] < silent:
            return
        end = last_words(writer.name, time=now, reason="silent")
        await seal(self._database, sealing(end, writer.name, cursor + 1))

    async def _retire(self, writer: str) -> None:
        await self._writers.retire(writer)
        self._heard.pop(writer, None)
        self._live_until = 0.0
