"""Reads what the launcher reported about the command, and names what ended it."""

import os
import re
import signal
import sys
from dataclasses import dataclass, replace

from core.errors import SandboxUnavailableError
from core.sandbox.command import Isolation, Killer, Limits, Outcome

ENDED = re.compile(rb"^ended (\d+) ([\d.]+) (\d+) ([\d.]+)$", re.MULTILINE)
REFUSED = re.compile(rb"^refused ([a-z ]*)$", re.MULTILINE)
FAILED = re.compile(rb"^failed \d+ (.*)$", re.MULTILINE)
# How the run-time systems of Rust, Python, C++ and Go say that memory ran out. Two
# threads of Rust that say so at once talk over each other.
NO_MEMORY = re.compile(
    rb"memory allocation of \d+|\d+ bytes failed|MemoryError|std::bad_alloc"
    rb"|[Oo]ut of memory|Cannot allocate memory"
)
# From this share of the limit on, a violent end is put down to memory.
NEARLY_FULL = 0.9
LAST_WORDS = 500
# macOS counts peak memory in bytes, all others in KiB.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known of a child that is gone: its outputs, our reason, its report."""

    stdout: bytes
    stderr: bytes
    truncated: bool
    stopped_by: Killer | None
    said: bytes


def outcome(
    ending: Ending, limits: Limits, isolation: Isolation, *, wall_seconds: float
) -> Outcome:
    """Make one outcome of it all; `wall_seconds` serves when no report came.

    Raises SandboxUnavailableError when the command was never started.
    """
    failed = FAILED.search(ending.said)
    if failed:
        raise SandboxUnavailableError(reason=failed[1].decode(errors="replace"))
    ended = ENDED.search(ending.said)
    if ended is None and ending.stopped_by is None:
        words = ending.stderr[-LAST_WORDS:].decode(errors="replace").strip()
        raise SandboxUnavailableError(reason=words or "the launcher was killed")
    numbers = ended.groups() if ended else (b"9", b"0", b"0", str(wall_seconds))
    status, cpu, peak, wall = (float(number) for number in numbers)
    refused = REFUSED.search(ending.said)
    made = Outcome(
        exit_code=_exit_code(int(status)),
        signal=_signal(int(status)),
        stdout=ending.stdout,
        stderr=ending.stderr,
        truncated=ending.truncated,
        cpu_seconds=cpu,
        peak_memory_bytes=int(peak) * PEAK_UNIT,
        wall_seconds=wall,
        isolation=isolation,
        killed_by=ending.stopped_by,
        unenforced=tuple(refused[1].decode().split()) if refused else (),
    )
    return made if made.killed_by else replace(made, killed_by=killer(made, limits))


def _exit_code(status: int) -> int | None:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else None


def _signal(status: int) -> int | None:
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None


def killer(end: Outcome, limits: Limits) -> Killer | None:
    """Say which limit ended a command that we did not kill ourselves.

    The kernel kills for processor time, but only refuses memory; programs then give
    up each in their own way, so memory is told from their last words or their size.
    """
    if end.signal == signal.SIGXCPU:
        return "cpu"
    if end.signal == signal.SIGKILL:
        return "cpu" if end.cpu_seconds >= limits.cpu_seconds else "memory"
    if end.exit_code == 0:
        return None
    nearly_full = end.peak_memory_bytes >= NEARLY_FULL * limits.memory_bytes
    if NO_MEMORY.search(end.stderr) or (end.signal is not None and nearly_full):
        return "memory"
    return None
