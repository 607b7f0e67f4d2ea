"""What the pipeline asks of session memory; a review goes on without any."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from core.review.reviewer import Preferred
from core.runs.model import Run

Files = Callable[[], Awaitable[Mapping[str, bytes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """Which items of a session a run was given, and the session's epoch then.

    This is all that is kept of it with the run: `mac` tells two lists apart, and only
    who has the session's key can make one.
    """

    session_id: str
    epoch: int
    items: tuple[int, ...]
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembrance:
    """The preferences for a run, and where they are from."""

    preferences: tuple[Preferred, ...] = ()
    recalled: tuple[Recalled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What is to be remembered of a run: its verdict in words, and what it was given.

    `number` counts the decisions that people have taken of it.
    """

    fork: bool
    verdict: str
    number: int
    recalled: tuple[Recalled, ...]
    files: Files


class Memories(Protocol):
    """Remembers pull requests; no call ever fails for want of memory."""

    async def preferences(self, run: Run, *, fork: bool) -> Remembrance:
        """Return what people want of reviews; a fork's sees its own session alone."""
        ...

    async def since_last(self, run: Run, *, fork: bool, files: Files) -> str:
        """Say what changed by content since another run's review; empty if unknown."""
        ...

    async def reviewed(self, run: Run, reviewed: Reviewed) -> None:
        """Remember a verdict, and the files that it is about; each once."""
        ...


class NoMemories(Memories):
    """Remembers nothing, as in a dry run."""

    @override
    async def preferences(self, run: Run, *, fork: bool) -> Remembrance:
        return Remembrance()

    @override
    async def since_last(self, run: Run, *, fork: bool, files: Files) -> str:
        return ""

    @override
    async def reviewed(self, run: Run, reviewed: Reviewed) -> None:
        """Remember nothing."""


NO_MEMORIES = NoMemories()
