"""What to run in the sandbox, within which limits, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Isolation = Literal["bubblewrap", "limits"]
Killer = Literal["timeout", "memory", "output", "cpu"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may use: seconds, bytes, and how many processes it may add.

    `output_bytes` holds for standard output and standard error each. `processes`
    comes on top of what the user runs already; Linux does not apply it to root.
    """

    cpu_seconds: int = 30
    memory_bytes: int = 2 << 30
    file_bytes: int = 64 << 20
    processes: int = 128
    wall_seconds: float = 60.0
    output_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program, the files it sees, and its limits.

    It starts in a fresh folder that holds `files` (relative path to bytes), or in
    `workdir`, which it can only read. `environment` adds to the few variables that
    every child gets; put no secret there.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    workdir: Path | None = None
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    network: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a child ended and what it used.

    Exactly one of `exit_code` and `signal` is set. `truncated` says that output was
    cut; `isolation` which walls stood around the child; `unenforced` names the limits
    that this system refused to set. Resources are the program's own.
    """

    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool
    cpu_seconds: float
    peak_memory_bytes: int
    wall_seconds: float
    isolation: Isolation
    killed_by: Killer | None
    unenforced: tuple[str, ...] = ()
