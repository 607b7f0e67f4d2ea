"""Strikes at random: workers, the database, GitHub, while people go on with theirs."""

import asyncio
import math
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from bot.simulator.faults import Kind
from core.errors import StoreUnavailableError
from core.store.database import Database, translating
from core.store.embedded import EmbeddedServer
from tests.fakes.crew import Crew
from tests.fakes.town import Town
from tests.fakes.waiting import eventually

FAULTS: tuple[Kind, ...] = (
    *("500", "502", "503", "drop", "lost_response", "502_after_commit"),
    *("slow", "secondary_limit", "429"),
)
# The paths that writes go to come as often as all others together.
PATHS = (
    *("", "", "/compare/", "/pulls/", "/contents/", r"/graphql$"),
    *(r"/reviews$", r"/issues/\d+/comments$", r"/check-runs$", r"/check-runs/\d+$"),
)
# A lease is 5 s: who sleeps wakes up as a zombie, after another has taken its run.
NAP, SLEEP, DEEP_SLEEP = 1.0, 8.0, 12.0
# So many seconds go by before a client gives up: only a long storm can wait for that.
CLIENT_PATIENCE, RARELY = 30.0, 0.05
STRIKES = ("kill", "nap", "sleep", "ambush", "ambush", "database")
# What a worker reads of a pull request right before it writes there.
LOOKS = r"/repos/{repository}/(issues/{pull}/comments|pulls/{pull}/reviews)$"
WATCH = 5.0
Act = Callable[[Random], Awaitable[str]]


class Storm:
    """What strikes, by chance from a seed; `counts` says how often each thing did."""

    def __init__(
        self,
        town: Town,
        crew: Crew,
        server: EmbeddedServer,
        database: Database,
        *,
        seed: int,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._town = town
        self._crew = crew
        self._server = server
        self._database = database
        self._seed = seed
        self._deck: list[str] = []
        self._ends = 0.0

    async def rage(self, seconds: float, *, pulls: int) -> None:
        """Let everything happen at once for so long; `pulls` are opened meanwhile."""
        self._ends = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as group:
            group.create_task(self._open(pulls, seconds / pulls))
            group.create_task(self._row("people", self._town.act, seconds / pulls))
            group.create_task(self._row("faults", self._fault, 0.5))
            # Strikes overlap: who sleeps does not hold up the next.
            for name in ("strikes", "more strikes"):
                group.create_task(self._row(name, self._strike, 2.0))
        self._town.github.faults.clear()

    def _left(self) -> float:
        return max(0.0, self._ends - asyncio.get_running_loop().time())

    def _rng(self, name: str) -> Random:
        return Random(f"{self._seed} {name}")  # noqa: S311 # what to strike, and when

    async def _open(self, pulls: int, pause: float) -> None:
        rng = self._rng("pulls")
        for _ in range(pulls):
            await self._town.open_pull(rng)
            await asyncio.sleep(rng.uniform(0, pause))

    async def _row(self, name: str, act: Act, pause: float) -> None:
        """Do one thing after the other, with pauses of any length about `pause`."""
        rng = self._rng(name)
        while self._left():
            await asyncio.sleep(rng.uniform(0, 2 * pause))
            self.counts[await act(rng)] += 1

    async def _fault(self, rng: Random) -> str:
        kind, path = rng.choice(FAULTS), rng.choice(PATHS)
        if self._left() > CLIENT_PATIENCE and rng.random() < RARELY:
            kind = "timeout_after_commit"
        self._town.github.faults.add(kind=kind, path=path, seconds=rng.choice((1, 2)))
        return f"fault {kind}"

    async def _strike(self, rng: Random) -> str:
        """Strike a worker or the database, as often as not right after a write."""
        if not self._deck:  # each comes as often as it should, even in a short storm
            self._deck = rng.sample(STRIKES, len(STRIKES))
        what = self._deck.pop()
        if what == "ambush":
            return await self._ambush()
        if rng.random() < 0.5:
            await self._until(self._written(len(self._town.github.requests)))
        if what == "database":
            with suppress(ProcessLookupError):  # it is still away
                os.kill(self._server.pid, signal.SIGKILL)
            return what
        await self._until(lambda: bool(self._crew.up()))
        up = self._crew.up()
        if not up:
            return "nobody was up"
        place = rng.choice(up)
        if what == "kill":
            self._crew.kill(place)
        else:
            length = NAP if what == "nap" else SLEEP
            await self._crew.freeze(place, min(length, self._left()))
        return what

    async def _ambush(self) -> str:
        """Stop a worker between its look at what stands and its write."""
        running = {"status": "running"}
        with suppress(StoreUnavailableError), translating():
            held = await self._database.db["runs"].find(running).to_list(None)
            slow = {
                run["lease"]["owner"]: self._town.github.faults.add(
                    kind="slow",
                    method="GET",
                    path=LOOKS.format_map(run),
                    seconds=NAP,
                )
                for run in held
            }
            await self._until(
                lambda: any(one.times == 0 for one in slow.values()), seconds=WATCH
            )
            met = [owner for owner, one in slow.items() if one.times == 0]
            places = [place for owner in met for place in self._crew.named(owner)]
            for one in slow.values():
                one.times = 0
            if places:
                length = min(DEEP_SLEEP, self._left())
                await self._crew.freeze(places[0], length)
                return "ambush"
        return "missed ambush"

    def _written(self, seen: int) -> Callable[[], bool]:
        requests = self._town.github.requests
        return lambda: any(one.method != "GET" for one in requests[seen:])

    async def _until(
        self, true: Callable[[], bool], *, seconds: float = math.inf
    ) -> None:
        """Wait until something is so, for so long, or until the storm is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, self._left())):
                await eventually(true)
