"""Lets a real process die at its n-th write to the database, for every n in turn."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from pymongo import monitoring
from typing_extensions import override

from core.store.database import Database, connect

WRITES = frozenset({"insert", "update", "delete", "findAndModify"})
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Death:
    """Before write `write` is sent, or when it is done and nobody has been told."""

    write: int
    when: Literal["before", "after"]

    @override
    def __str__(self) -> str:
        """Name the point for a failure's message."""
        return f"{self.when} write {self.write}"


def deaths() -> Iterator[Death]:
    """Return each point where a process can die, without an end."""
    for write in count(1):
        yield Death(write, "before")
        yield Death(write, "after")


@dataclass(frozen=True, slots=True)
class Said:
    """Lines that a process wrote down before it died."""

    path: Path

    def add(self, *lines: str) -> None:
        """Write lines so that a death a moment later cannot take them back."""
        opened = os.open(self.path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        try:
            os.write(opened, "".join(f"{line}\n" for line in lines).encode())
        finally:
            os.close(opened)

    def lines(self) -> list[str]:
        """Return what was said, first to last."""
        return self.path.read_text().splitlines() if self.path.exists() else []


Story = Callable[[Database, Said], Awaitable[None]]


class Fate(monitoring.CommandListener):
    """Counts the writes of this process and ends it at one of them."""

    def __init__(self, death: Death) -> None:
        self._death = death
        self._numbers = count(1)
        self._fatal: int | None = None

    @override
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in WRITES and next(self._numbers) == self._death.write:
            self._fatal = event.request_id
            if self._death.when == "before":
                die()

    @override
    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.request_id == self._fatal:
            die()

    @override
    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        if event.request_id == self._fatal:
            die()


def die() -> None:
    """End this process as a power cut does: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def live(story: Story, url: str, name: str, said: Said, death: Death) -> None:
    """Be a process: go through the story, unless death comes first."""
    monitoring.register(Fate(death))

    async def told() -> None:
        database = connect(url, name=name, embedded=True)
        await story(database, said)
        await database.close()

    asyncio.run(told())


class Cradle:
    """A program that has imported everything, and forks a process a story.

    A process that starts from nothing would take a hundred times as long.
    """

    def __init__(self, program: asyncio.subprocess.Process, url: str) -> None:
        self._program = program
        self._url = url

    async def dies(self, story: Story, name: str, said: Said, death: Death) -> bool:
        """Let a process live through a story; False when it came to its end."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        words = (story.__name__, self._url, name, said.path, death.write, death.when)
        self._program.stdin.write(("\t".join(map(str, words)) + "\n").encode())
        code = int(await self._program.stdout.readline())
        assert code in {0, -signal.SIGKILL}, f"{story.__name__}, {death}: {code}"
        return code != 0


@asynccontextmanager
async def cradle(url: str, module: str) -> AsyncIterator[Cradle]:
    """Start the program that knows the stories of one module."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.cradle", module),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Cradle(program, url)
    finally:
        program.kill()
        await program.wait()
