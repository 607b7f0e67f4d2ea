"""Finds differences beside the event loop: large ones in a process of their own."""

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import core
from core.checkpoints.diff import worker
from core.checkpoints.diff.difference import (
    NO_RULES,
    USUAL_LIMITS,
    difference,
    replaced,
)
from core.checkpoints.diff.exactly import bits
from core.checkpoints.diff.model import DiffLimits, DiffRules, StateDiff
from core.checkpoints.diff.wire import Question, read
from core.clock import SystemClock

# Bytes of both states together. What is smaller takes about a millisecond, and what is
# larger takes longer than a process does to start.
SMALL = 8 * 1024
LARGE = 1024 * 1024
# How long a process may take beyond `limits.seconds`: to start, and to answer.
GRACE = 5.0
PROGRAM = worker.__name__
# Where Python finds this very package, also when another one is installed.
HOME = Path(core.__path__[0]).parent
# In which a process does not get what this one knows from its environment.
ENVIRONMENT = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}


async def compared(
    before: Any,
    after: Any,
    *,
    rules: DiffRules = NO_RULES,
    limits: DiffLimits = USUAL_LIMITS,
    grace: float = GRACE,
) -> StateDiff:
    """Return the difference of two states, after `limits.seconds` and `grace` at most.

    Both states have to stay as they are meanwhile. Raises DiffUnprovenError, which is
    a bug.
    """
    asked = Question(before=before, after=after, rules=rules, limits=limits)
    size = len(bits(before)) + len(bits(after))
    if size > LARGE:
        return await _in_process(asked, limits.seconds + grace)
    if size > SMALL:
        return await asyncio.to_thread(_here, asked)
    return _here(asked)


def _here(asked: Question) -> StateDiff:
    clock = SystemClock()
    end = clock.monotonic() + asked.limits.seconds
    return difference(
        asked.before,
        asked.after,
        rules=asked.rules,
        limits=asked.limits,
        is_late=lambda: clock.monotonic() > end,
    )


async def _in_process(asked: Question, seconds: float) -> StateDiff:
    """Ask a process, which is surely gone afterwards; without an answer, say so.

    They talk by files that have no name: after a pipe that nobody reads any more,
    asyncio waits for ever.
    """
    with TemporaryFile() as question, TemporaryFile() as said, TemporaryFile() as words:
        await asyncio.to_thread(_write, question, asked)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", PROGRAM),
            cwd=HOME,
            env=ENVIRONMENT,
            stdin=question,
            stdout=said,
            stderr=words,
        )
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
        except TimeoutError:
            return await _whole(
                asked, f"no difference was found in {seconds:g} seconds"
            )
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            last = _read(words).decode(errors="replace").strip().rpartition("\n")[2]
            reason = f"the process ended with {process.returncode} {last}".strip()
            return await _whole(asked, reason)
        return await asyncio.to_thread(lambda: read(_read(said)))


def _write(file: IO[bytes], asked: Question) -> None:
    file.write(asked.written())
    file.seek(0)


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


async def _whole(asked: Question, reason: str) -> StateDiff:
    """Return the replacement of the whole state."""
    return await asyncio.to_thread(
        replaced,
        asked.before,
        asked.after,
        rules=asked.rules,
        limits=asked.limits,
        why=f"all but that the states differ: {reason}",
    )
