"""Runs one command behind the best walls that this machine can build."""

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import structlog

from core.errors import SandboxUnavailableError
from core.metrics.handler_cpu import current_handler
from core.metrics.handlers import HANDLER_MEMORY
from core.metrics.sandbox import ACTIVE, CPU_SECONDS, PEAK_MEMORY, RUNS
from core.sandbox import walls
from core.sandbox.child import Child
from core.sandbox.command import Command, Isolation, Outcome
from core.sandbox.folder import write_files
from core.sandbox.report import outcome as outcome_of
from core.sandbox.witness import noted

T = TypeVar("T")
log = structlog.get_logger()


class Sandbox:
    """Runs commands on hostile files, each in a folder of its own that is then removed.

    Safe to share between tasks. With bubblewrap at `bubblewrap` that really works here
    (containers often refuse namespaces; it is tried once) a child has no network and
    sees only system libraries. Otherwise limits, a clean environment and the folder
    are all there is, and each outcome says so.
    """

    def __init__(self, *, bubblewrap: Path = walls.BUBBLEWRAP) -> None:
        self._bubblewrap = bubblewrap
        self._isolation: Isolation | None = None

    async def isolation(self) -> Isolation:
        """Return which walls stand here, by trying them on the first call."""
        if self._isolation is None:
            self._isolation = await self._probe()
        return self._isolation

    async def run(self, command: Command) -> Outcome:
        """Run the command to its end or its limits.

        Cancelling kills the child with its process group and removes the folder
        first. Raises UnsafePathError for a file name that would leave the folder,
        SandboxUnavailableError when the program cannot be started.
        """
        isolation = await self.isolation()
        program = Path(command.argv[0]).name
        with ACTIVE.during():
            try:
                outcome = await self._run(command, isolation)
            except asyncio.CancelledError:
                log.debug("sandbox.cancelled", program=program)
                RUNS.inc(program=program, isolation=isolation, ended="cancelled")
                raise
        _tell(program, outcome)
        return noted(command, outcome)

    async def _probe(self) -> Isolation:
        if not self._bubblewrap.exists():
            return "limits"
        try:
            tried = await self._run(Command(argv=("true",)), "bubblewrap")
        except SandboxUnavailableError:
            return "limits"
        return "bubblewrap" if tried.exit_code == 0 else "limits"

    async def _run(self, command: Command, isolation: Isolation) -> Outcome:
        program = shutil.which(command.argv[0], path=walls.PATH)
        if program is None:
            raise SandboxUnavailableError(reason=f"no program {command.argv[0]}")
        folder = tempfile.TemporaryDirectory(
            prefix="nofx-sandbox-", ignore_cleanup_errors=True
        )
        try:
            home, tasks = await _to_the_end(
                asyncio.to_thread(_furnish, Path(folder.name), command)
            )
            plan = walls.Plan(
                command=command,
                program=program,
                home=home,
                tasks=tasks,
                isolation=isolation,
                wrapper=self._bubblewrap,
            )
            return await _carry_out(plan)
        finally:
            await _to_the_end(asyncio.to_thread(folder.cleanup))


async def _carry_out(plan: walls.Plan) -> Outcome:
    limits = plan.command.limits
    ours, theirs = socket.socketpair()
    with ours:
        child = Child(ours, output_bytes=limits.output_bytes)
        started = time.monotonic()
        try:
            with theirs:
                await child.start(
                    plan.words(theirs.fileno()),
                    environment=plan.environment(),
                    cwd=plan.cwd,
                    leash=theirs.fileno(),
                )
            await child.finish(plan.command.stdin, limits.wall_seconds)
        finally:
            await _to_the_end(child.end())
    wall_seconds = time.monotonic() - started
    return outcome_of(child.ending(), limits, plan.isolation, wall_seconds=wall_seconds)


def _tell(program: str, outcome: Outcome) -> None:
    ended = outcome.killed_by or ("ok" if outcome.exit_code == 0 else "failed")
    say = log.warning if outcome.killed_by else log.debug
    say(
        "sandbox.ended",
        program=program,
        ended=ended,
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        seconds=round(outcome.wall_seconds, 3),
        cpu_seconds=round(outcome.cpu_seconds, 3),
        peak_memory_bytes=outcome.peak_memory_bytes,
    )
    RUNS.inc(program=program, isolation=outcome.isolation, ended=ended)
    CPU_SECONDS.observe(outcome.cpu_seconds, program=program)
    PEAK_MEMORY.observe(outcome.peak_memory_bytes, program=program)
    handler = current_handler()
    if handler is not None:
        HANDLER_MEMORY.observe(outcome.peak_memory_bytes, handler=handler)


def _furnish(folder: Path, command: Command) -> tuple[Path, int]:
    """Make the child's folders and files; return where, and its user's tasks."""
    home = folder.resolve()
    for name in ("work", "home", "tmp"):
        (home / name).mkdir(mode=0o700)
    write_files(home / "work", command.files)
    return home, tasks_of(os.geteuid())


def tasks_of(user: int, proc: Path = Path("/proc")) -> int:
    """Count a user's threads as the kernel does for its limit; 0 without /proc."""
    count = 0
    for entry in proc.glob("[0-9]*"):
        try:
            if entry.stat().st_uid == user:
                count += sum(1 for _ in (entry / "task").iterdir())
        except OSError:
            continue  # it ended while we looked
    return count


async def _to_the_end(work: Coroutine[object, object, T]) -> T:
    """Finish `work` even when we are cancelled meanwhile; then be cancelled."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        raise
