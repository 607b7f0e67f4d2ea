"""What an analyzer is: files in; remarks out, and the truth about the unread."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.errors import AnalyzerUnavailableError
from core.metrics.sandbox import PROGRAMS
from core.review.findings import Severity
from core.review.reviewer import Read, unwatched
from core.sandbox import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A changed text file as it is at the head."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What an analyzer says about the lines `start` to `end` of a file, from 1.

    `suggestion` replaces exactly those lines. `silenced` says that a comment in the
    file asked the analyzer not to say this.
    """

    path: str
    start: int
    end: int
    severity: Severity
    confidence: float
    rule: str
    title: str
    body: str
    suggestion: str | None = None
    silenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an analyzer found, and the files it could not read, each with the reason."""

    remarks: tuple[Remark, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0


class Analyzer(Protocol):
    """Reads one kind of file."""

    @property
    def name(self) -> str:
        """Return the analyzer's name, as people know it."""
        ...

    def reads(self, path: str) -> bool:
        """Return whether files with this name are its kind."""
        ...

    async def analyze(
        self, files: Sequence[SourceFile], read: Read = unwatched
    ) -> Report:
        """Read the files, and tell `read` of so many more whenever some are read.

        Raises AnalyzerUnavailableError when its program is away.
        """
        ...


def program(name: str, *, folder: Path | None = None) -> str:
    """Return the path of an analyzer's program, which is installed beside Python.

    Never the one that PATH names first: that could be anyone's.
    """
    path = (folder or Path(sys.executable).parent) / name
    if not path.is_file():
        raise AnalyzerUnavailableError(name=name, path=path)
    PROGRAMS.allow(name)
    return str(path)


def why_it_failed(name: str, outcome: Outcome) -> str:
    """Say in a few words how a run of an analyzer came to grief."""
    match outcome.killed_by:
        case "timeout" | "cpu":
            return f"{name} took too long over it"
        case "memory":
            return f"{name} ran out of memory over it"
        case "output":
            return f"{name} had more to say than can be read"
        case None:
            end = outcome.signal or outcome.exit_code
            kind = "signal" if outcome.signal else "exit code"
            return f"{name} crashed over it ({kind} {end})"


def lower(severity: Severity) -> Severity:
    """Return the next lower severity, or the lowest."""
    return list(Severity)[max(severity.rank - 1, 0)]
