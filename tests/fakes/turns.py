"""A database whose commands wait for their turn, so that a test owns their order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from pymongo.errors import AutoReconnect

from core.store.database import Database

# So many turns of the loop, and whoever can go on has gone on to its next command.
TURNS = 20
Perform = Callable[[], Awaitable[Any]]
Ask = Callable[[Perform], Awaitable[Any]]


@dataclass(eq=False, slots=True, kw_only=True)
class Command:
    """A command that waits to be sent, or that is done and whose answer waits."""

    process: int
    perform: Perform
    sent: bool = False
    go: asyncio.Future[bool] = field(default_factory=asyncio.Future)


class Turns:
    """The commands of several processes; one goes on when the test says so.

    Each has two turns: until the first it is on its way, until the second its answer
    is. A process whose commands get no turn is one that sleeps.
    """

    def __init__(self) -> None:
        self.waiting: list[Command] = []
        self._dead: set[int] = set()
        self._performed = asyncio.Event()

    def of(self, process: int, database: Database) -> Database:
        """Return the database as a process has it."""
        return through(database, lambda perform: self.command(process, perform))

    async def give(self, command: Command, *, lost: bool = False) -> None:
        """Let a command go on, or be lost on its way or on that of its answer."""
        self.waiting.remove(command)
        if command.go.cancelled():  # its process is dead, it is under way all the same
            if not lost:
                await _answer(command.perform)
            return
        self._performed.clear()
        command.go.set_result(not lost)
        if not command.sent:
            await self._performed.wait()
        await settled()

    async def kill(self, process: int) -> None:
        """Let a process hear of nothing any more; what it sent may still arrive."""
        self._dead.add(process)
        for command in self.waiting:
            if command.process == process:
                command.go.cancel()
        self.waiting = [
            one for one in self.waiting if not (one.sent and one.go.cancelled())
        ]
        await settled()

    async def command(self, process: int, perform: Perform) -> Any:
        """Perform a command at its first turn, and return its answer at its second."""
        command = Command(process=process, perform=perform)
        try:
            await self._turn(command)
            found, error = await _answer(perform)
        finally:
            self._performed.set()
        command.sent, command.go = True, asyncio.Future()
        await self._turn(command)
        if error is not None:
            raise error
        return found

    async def _turn(self, command: Command) -> None:
        if command.process in self._dead:
            raise asyncio.CancelledError
        self.waiting.append(command)
        if not await command.go:
            raise AutoReconnect("the connection broke")  # as the driver's


def through(database: Database, ask: Ask) -> Database:
    """Return the database as one whose every command `ask` is given to perform."""
    return Database(database.client, cast("Any", _Db(ask, database.db)))


async def settled() -> None:
    """Return when everybody who can has gone on as far as can be."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def _answer(perform: Perform) -> tuple[Any, Exception | None]:
    try:
        return await perform(), None
    except Exception as error:  # noqa: BLE001 # it is the answer, whatever it is
        return None, error


class _Db:
    """Stands for the driver's database."""

    def __init__(self, command: Ask, real: Any) -> None:
        self._command = command
        self._real = real

    def __getitem__(self, name: str) -> "_Collection":
        return _Collection(self._command, self._real[name])


class _Collection:
    """Stands for a collection of the driver's."""

    def __init__(self, command: Ask, real: Any) -> None:
        self._command = command
        self._real = real

    def find(self, *asked: Any, **options: Any) -> "_Cursor":
        return _Cursor(self._command, self._real.find(*asked, **options))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)

        async def called(*given: Any, **options: Any) -> Any:
            return await self._command(lambda: method(*given, **options))

        return called


class _Cursor:
    """Stands for a cursor of the driver's, read in one go."""

    def __init__(self, command: Ask, real: Any) -> None:
        self._command = command
        self._real = real

    async def to_list(self, length: int | None) -> Any:
        return await self._command(lambda: self._real.to_list(length))
