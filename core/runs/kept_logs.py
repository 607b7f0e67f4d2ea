"""Log lines of runs as artifacts: one blob a try of a step, named in the journal."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from core.events.base import JSON
from core.events.commit import Commit
from core.runs import kept_lines
from core.runs.run_log import Line, Lines
from core.runs.tries import KeptTry, kept_tries
from core.store.blobs import Blobs, Digest

# So many lines are masked between two turns of the event loop.
AT_ONCE = 8


def logged_tries(commits: Iterable[Commit]) -> tuple[KeptTry, ...]:
    """Return the tries of a run's steps that have a log, oldest first."""
    return kept_tries(commits, lambda ended: ended.log)


class KeptLogs:
    """Stores lines as NDJSON and reads them again; `mask` takes the secrets out."""

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
        return kept_lines.read(data, digest, what="log")

    async def rows(self, digest: str) -> list[bytes]:
        """Return the lines as they were stored, unread; one may tell of a gap.

        Raises BlobNotFoundError, BlobCorruptError, StoreUnavailableError.
        """
        return (await self._blobs.get(Digest(digest))).splitlines()

    def _encoded(self, lines: Lines) -> bytes:
        first, last = map(self._masked, lines.first), map(self._masked, lines.last)
        whole = (*first, *kept_lines.gap(lines.left_out), *last)
        return b"".join(map(kept_lines.row, whole))

    def _masked(self, line: Line) -> Line:
        return self._mask(dict(line))
