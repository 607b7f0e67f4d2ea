"""Log lines of runs as artifacts: one blob a try of a step, named in the journal."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.errors import BlobCorruptError
from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import StepFinished, StepRetried, StepStarted
from core.runs.run_log import Line, Lines
from core.store.blobs import Blobs, Digest

# So many lines are masked between two turns of the event loop.
AT_ONCE = 8
LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedTry:
    """One try of a step that has said something; `digest` names its lines."""

    step: str
    attempt: int
    digest: str


def logged_tries(commits: Iterable[Commit]) -> tuple[LoggedTry, ...]:
    """Return the tries of a run's steps that have a log, oldest first."""
    attempts: dict[str, int] = {}
    found: list[LoggedTry] = []
    for event in (one for commit in commits for one in commit.events):
        match event:
            case StepStarted():
                attempts[event.subject] = event.attempt
            case StepFinished(log=str(digest)) | StepRetried(log=str(digest)):
                attempt = attempts.get(event.subject, 1)
                found.append(
                    LoggedTry(step=event.subject, attempt=attempt, digest=digest)
                )
            case _:
                pass
    return tuple(found)


class KeptLogs:
    """Stores lines as NDJSON and reads them again; `mask` takes the secrets out.

    Where lines were left out, a line stands that has their number alone.
    """

    def __init__(self, blobs: Blobs, *, mask: Callable[[JSON], JSON]) -> None:
        self._blobs = blobs
        self._mask = mask

    async def keep(self, lines: Lines) -> str:
        """Store lines and return their name; raises StoreUnavailableError."""
        count = len(lines.first) + len(lines.last)
        if count <= AT_ONCE:
            data = self._encoded(lines)
        else:
            data = await asyncio.to_thread(self._encoded, lines)
        return await self._blobs.put(data)

    async def read(self, digest: str) -> tuple[Sequence[JSON], int]:
        """Return the lines, and how many were left out.

        Raises BlobNotFoundError, BlobCorruptError, StoreUnavailableError.
        """
        data = await self._blobs.get(Digest(digest))
        try:
            found: list[JSON] = [json.loads(line) for line in data.splitlines()]
        except ValueError as error:
            raise BlobCorruptError(digest=digest, reason="it is no log") from error
        lines = [line for line in found if [*line] != [LEFT_OUT]]
        missing = [int(line[LEFT_OUT]) for line in found if [*line] == [LEFT_OUT]]
        return lines, sum(missing)

    async def rows(self, digest: str) -> list[bytes]:
        """Return the lines as they were stored, unread; one may tell of a gap.

        Raises BlobNotFoundError, BlobCorruptError, StoreUnavailableError.
        """
        return (await self._blobs.get(Digest(digest))).splitlines()

    def _encoded(self, lines: Lines) -> bytes:
        gap: list[Line] = [{LEFT_OUT: lines.left_out}] if lines.left_out else []
        first, last = map(self._masked, lines.first), map(self._masked, lines.last)
        return b"".join(_row(line) for line in (*first, *gap, *last))

    def _masked(self, line: Line) -> Line:
        return self._mask(dict(line))


def _row(line: Line) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
