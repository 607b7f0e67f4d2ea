"""Worker processes that are struck and replaced, as a supervisor replaces them."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.cli.exits import Exit
from bot.settings import Settings
from tests.fakes.waiting import eventually
from tests.fakes.workers import worker_process

BREATH = 0.2
PATIENCE = 60.0
# A worker that finds no database at its start says so and ends.
EXPECTED = (-signal.SIGKILL, Exit.AWAY)


class Crew:
    """So many `nofx work` at any time; `odd` are exit codes that nobody caused."""

    def __init__(self, settings: Settings, folder: Path, *, size: int) -> None:
        self.odd: list[int] = []
        self._settings = settings
        self._logs = [
            folder / f"worker-{place}" / "worker.log" for place in range(size)
        ]
        self._begun: dict[int, int] = {}
        self._frozen: set[int] = set()
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._dismissed = False

    async def all_up(self) -> None:
        """Return once every one of them looks for work."""
        async with asyncio.timeout(PATIENCE):
            await eventually(lambda: len(self.up()) == len(self._logs))

    def up(self) -> list[int]:
        """Return the places of those who look for work or are at it now."""
        return self.named("worker.working")

    def named(self, name: str) -> list[int]:
        """Return the places of those who are up and have logged this of themselves."""
        return [
            place
            for place, log in enumerate(self._logs)
            if place not in self._frozen
            and place in self._begun
            and name.encode() in log.read_bytes()[self._begun[place] :]
        ]

    def kill(self, place: int) -> None:
        """Send SIGKILL to one of them; another takes its place."""
        self._send(place, signal.SIGKILL)

    async def freeze(self, place: int, seconds: float) -> None:
        """Stop one of them where it is, and let it go on later, as if nothing were."""
        struck = self._processes[place]
        self._frozen.add(place)
        self._send(place, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._frozen.discard(place)
        if struck is self._processes[place]:
            self._send(place, signal.SIGCONT)

    async def dismiss(self) -> list[int]:
        """Ask all to end by SIGTERM, and return how they ended."""
        self._dismissed = True
        ending = list(self._processes.values())
        for place in self._processes:
            self._send(place, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return [await process.wait() for process in ending]

    def log(self) -> list[dict[str, Any]]:
        """Return what they have logged, oldest first in each place."""
        lines = [line for log in self._logs for line in log.read_text().splitlines()]
        # A worker that ends early says why in plain words, for people.
        return [json.loads(line) for line in lines if line.startswith("{")]

    async def keep(self, place: int) -> None:
        """Keep one place filled until all are dismissed."""
        log = self._logs[place]
        while True:
            size = log.stat().st_size if log.exists() else 0
            async with worker_process(self._settings, log.parent) as process:
                self._processes[place], self._begun[place] = process, size
                code = await process.wait()
                del self._begun[place]
            if self._dismissed:
                return
            if code not in EXPECTED:
                self.odd.append(code)
            await asyncio.sleep(BREATH)

    def _send(self, place: int, number: signal.Signals) -> None:
        process = self._processes[place]
        if process.returncode is None:
            process.send_signal(number)


@asynccontextmanager
async def hired(settings: Settings, folder: Path, *, size: int) -> AsyncIterator[Crew]:
    """Start a crew, give it when all are up, and end it whatever happens."""
    crew = Crew(settings, folder, size=size)
    keepers = [asyncio.create_task(crew.keep(place)) for place in range(size)]
    try:
        await crew.all_up()
        yield crew
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
