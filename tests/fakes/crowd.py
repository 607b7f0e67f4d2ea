"""Processes that append and feed, whose every command comes when chance decides."""

import asyncio
import sys
from datetime import timedelta
from itertools import count
from random import Random

from typing_extensions import override

from core.clock import Ids
from core.errors import StoreUnavailableError
from core.events.base import Payload
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed.feeder import Feeder, Pace
from core.feed.page import MOST_ENTRIES, FeedEntry
from core.feed.reader import FeedReader
from core.store.database import Database
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.histories import append_next
from tests.fakes.turns import Command, Turns, settled

STREAMS = ("x/1", "x/2", "x/3")
# Events of a commit; the longest is more than a page takes.
LENGTHS = (*(1,) * 9, 2, 3, MOST_ENTRIES + 1)
PACE = Pace(silence=20, batch=2)
SIZE = 3
# A clock can be wrong by so many seconds.
SKEW = 30.0
# How likely each is, of all that can happen next; else a command gets its turn.
APPENDS, DIES, LOOKS, PASSES, DOZES = 0.12, 0.015, 0.03, 0.08, 0.02
LOST = 0.03


class Numbered(Ids):
    """Ids that are the same each time that a story is told."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._numbers = count(1)

    @override
    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._process}_{next(self._numbers)}"


class Process:
    """A process that appends and feeds, with a clock of its own."""

    def __init__(
        self, number: int, turns: Turns, database: Database, *, skew: float
    ) -> None:
        self.number = number
        self.acknowledged: dict[str, str] = {}
        self.clock = FakeClock(NOON + timedelta(seconds=skew))
        bus, mine = Bus(), turns.of(number, database)
        self.heard = bus.subscribe(Payload, room=sys.maxsize)
        self._turns = turns
        self._journal = Journal(mine, clock=self.clock, ids=Numbered(number), bus=bus)
        feeder = Feeder(mine, holder=f"p{number}", clock=self.clock, bus=bus, pace=PACE)
        self._feeding = asyncio.create_task(feeder.run())
        self._jobs: set[asyncio.Task[None]] = set()
        self._slept: float | None = None

    @property
    def busy(self) -> bool:
        """Return whether somebody still waits for an answer."""
        return any(not job.done() for job in self._jobs)

    @property
    def asleep(self) -> bool:
        """Return whether it stands still, while time passes for the others."""
        return self._slept is not None

    async def doze(self) -> None:
        """Fall asleep, or wake up and find how late it is."""
        if self._slept is None:
            self._slept = 0.0
            return
        self.clock.jump(self._slept)
        self._slept = None
        await self.clock.advance(0)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        if self._slept is None:
            await self.clock.advance(seconds)
        else:
            self._slept += seconds

    def append(self, stream: str, events: int) -> None:
        """Begin to append one more commit."""
        self._jobs.add(asyncio.create_task(self._append(stream, events)))

    def leave(self) -> None:
        """Begin to end the log."""
        self._jobs.add(asyncio.create_task(self._journal.close()))

    async def die(self) -> None:
        """Stop where it is."""
        for task in (self._feeding, *self._jobs):
            task.cancel()
        self.clock.stop()
        await self._turns.kill(self.number)

    async def _append(self, stream: str, events: int) -> None:
        mark = f"{self.number}/{len(self._jobs)}"
        try:
            commit = await append_next(
                self._journal, self.clock, stream, events=events, mark=mark
            )
        except StoreUnavailableError:
            return  # it may be there or not, and nobody was told that it is
        self.acknowledged[mark] = commit.id


class Crowd:
    """Several processes on one database; `seen` is what a reader saw meanwhile."""

    def __init__(self, database: Database, rng: Random) -> None:
        self.all: list[Process] = []
        self.seen: list[FeedEntry] = []
        self._database = database
        self._rng = rng
        self._turns = Turns()
        self._alive: list[Process] = []
        for _ in range(SIZE):
            self._start()

    async def live(self, steps: int) -> None:
        """Let so many things happen, then let all have their answers, and die."""
        for _ in range(steps):
            await self._step()
        await self._calm()
        for process in self._alive[1:]:
            process.leave()
        await self._calm()
        for process in self._alive:
            await process.die()

    def _start(self) -> None:
        skew = self._rng.choice([0, 0, self._rng.uniform(-SKEW, SKEW)])
        number = len(self.all)
        process = Process(number, self._turns, self._database, skew=skew)
        self.all.append(process)
        self._alive.append(process)

    async def _step(self) -> None:
        chance, process = self._rng.random(), self._rng.choice(self._alive)
        if (chance := chance - APPENDS) < 0:
            process.append(self._rng.choice(STREAMS), self._rng.choice(LENGTHS))
            await settled()
        elif (chance := chance - DIES) < 0:
            self._alive.remove(process)
            await process.die()
            self._start()
        elif (chance := chance - LOOKS) < 0:
            self.seen += await FeedReader(self._database).after(len(self.seen))
        elif (chance := chance - DOZES) < 0:
            await process.doze()
        elif chance < PASSES or not self._awake():
            await self._pass_time(self._rng.choice([0.03, 0.6, 2.5, 9.0]))
        else:
            command = self._rng.choice(self._awake())
            await self._turns.give(command, lost=self._rng.random() < LOST)

    def _awake(self) -> list[Command]:
        asleep = {one.number for one in self._alive if one.asleep}
        return [one for one in self._turns.waiting if one.process not in asleep]

    async def _pass_time(self, seconds: float) -> None:
        for process in self._alive:
            await process.pass_time(seconds)

    async def _calm(self) -> None:
        for process in self._alive:
            if process.asleep:
                await process.doze()
        while any(process.busy for process in self._alive):
            if self._turns.waiting:
                await self._turns.give(self._turns.waiting[0])
            else:
                await self._pass_time(1)
