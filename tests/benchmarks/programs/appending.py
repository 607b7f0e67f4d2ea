"""A process that appends runs of twelve events of 1 KB, and feeds and reads if asked.

Run as a program of its own with the address of a database. Each line that it reads is
an order: `{"seconds": 4, "slots": 8, "feed": true}` to append as fast as it can,
`{"trickle": 50}` to append one at a time with pauses, fed. It answers with the
seconds, how long each append took, and how long after its append each event was read
from the feed, in milliseconds.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Any

import typer

from bot.logs import configure_logs
from bot.settings import load_settings
from core.clock import Ids, SystemClock
from core.events.bus import Bus
from core.events.commit import GENESIS, Draft
from core.events.journal import Journal
from core.events.schema import RunSuperseded
from core.feed.feeder import Feeder
from core.feed.reader import FeedReader
from core.store.database import Database, connect

EVENTS = 12
EVENT = RunSuperseded(by_run="a" * 900, head_sha="a" * 40)
PAUSE = 0.1
CLOCK = SystemClock()


class Program:
    """One process with its journal, and its feeder while it is asked to feed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bus = Bus()
        self._ids = Ids(CLOCK)
        self._journal = Journal(database, clock=CLOCK, ids=self._ids, bus=self._bus)
        self._appended: dict[str, float] = {}
        self._taken: list[float] = []
        self._lags: list[float] = []

    async def obey(self, order: dict[str, Any]) -> dict[str, object]:
        """Do what is asked, and say how it went."""
        self._appended, self._taken, self._lags = {}, [], []
        feeding = self._fed() if order.get("feed", True) else nullcontext()
        async with feeding:
            begin = time.perf_counter()
            if "trickle" in order:
                await self._trickle(order["trickle"])
            else:
                await self._flood(begin + order["seconds"], order["slots"])
            seconds = time.perf_counter() - begin
        return {"seconds": seconds, "taken": self._taken, "lags": self._lags}

    async def close(self) -> None:
        """End the log."""
        await self._journal.close()

    async def _flood(self, end: float, slots: int) -> None:
        async def slot() -> None:
            while time.perf_counter() < end:
                await self._one_run(0)

        await asyncio.gather(*(slot() for _ in range(slots)))

    async def _trickle(self, count: int) -> None:
        for _ in range(0, count, EVENTS):
            await self._one_run(PAUSE)

    async def _one_run(self, pause: float) -> None:
        stream, head = f"bench/{self._ids.new('run')}", GENESIS
        for seq in range(1, EVENTS + 1):
            draft = Draft(
                stream=stream,
                seq=seq,
                time=CLOCK.now(),
                events=(EVENT,),
                prev_hash=head,
            )
            begin = time.perf_counter()
            self._appended[f"{draft.id}.0"] = begin
            head = (await self._journal.append(draft)).stored_hash
            self._taken.append((time.perf_counter() - begin) * 1000)
            if pause:
                await asyncio.sleep(pause)

    @asynccontextmanager
    async def _fed(self) -> AsyncIterator[None]:
        """Run a feeder and a reader beside the body, from where the journal ends."""
        holder = self._ids.new("feeder")
        feeder = Feeder(self._database, holder=holder, clock=CLOCK, bus=self._bus)
        await feeder.feed_once()  # what was appended while nobody fed
        feeding = asyncio.create_task(feeder.run())
        reading = asyncio.create_task(self._read())
        try:
            yield
        finally:
            while self._appended:  # noqa: ASYNC110 - the reader takes them out
                await asyncio.sleep(0.02)
            reading.cancel()
            feeder.stop()
            await feeding

    async def _read(self) -> None:
        reader = FeedReader(self._database)
        position = await reader.head()
        while True:
            seen = self._bus.paged.rings
            while found := await reader.after(position):
                now = time.perf_counter()
                for one in found:
                    begun = self._appended.pop(one.id, None)
                    if begun is not None:
                        self._lags.append((now - begun) * 1000)
                position = found[-1].position
            await self._bus.paged.wait(seen, seconds=0.2, clock=CLOCK)


def main(url: Annotated[str, typer.Argument(help="Of the embedded server.")]) -> None:
    """Answer orders until there are no more."""
    configure_logs(load_settings(None), sys.stderr)
    asyncio.run(answer(url))


async def answer(url: str) -> None:
    """Read orders from stdin, and answer on stdout."""
    database = connect(url, embedded=True)
    program = Program(database)
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201 # its answer
    while line := await asyncio.to_thread(sys.stdin.readline):
        said = await program.obey(json.loads(line))
        print(json.dumps(said), flush=True)  # noqa: T201 # its answer
    await program.close()
    await database.close()


if __name__ == "__main__":
    typer.run(main)
