"""What a try of a step asked of GitHub and was answered, kept like its log."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.events.base import JSON
from core.events.commit import Commit
from core.runs import kept_lines
from core.runs.metering import Exchange
from core.runs.tries import KeptTry, kept_tries
from core.store.blobs import Blobs, Digest

REFUSED = 400
# Bodies are read so far past their bound to look for secrets: one that the end of what
# is read cuts in two begins in here, and is cut off with it.
MARGIN = 8 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a try's exchanges is kept: half from its begin, half from its end.

    `body` bounds one body, `bodies` all of them, in bytes; half of that is for what was
    refused, so that it is there however much was written before.
    """

    lines: int = 1000
    body: int = 64 * 1024
    bodies: int = 512 * 1024


BOUNDS = Bounds()


class Exchanges:
    """The exchanges of one try, bounded; those in the middle are counted alone."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self._bounds = bounds
        self._first: list[_Kept] = []
        self._last: deque[_Kept] = deque(maxlen=max(1, bounds.lines // 2))
        self._count = 0
        self._room = {True: bounds.bodies // 2, False: bounds.bodies // 2}

    def __len__(self) -> int:
        """Return how many there were, those that were left out included."""
        return self._count

    @property
    def left_out(self) -> int:
        """Return how many are missing between the first and the last."""
        return self._count - len(self._first) - len(self._last)

    @property
    def size(self) -> int:
        """Return the bytes of the bodies that are kept."""
        return self._bounds.bodies - sum(self._room.values())

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, as much of it as there is room for."""
        self._count += 1
        kept = self._cut(exchange)
        if len(self._first) < self._bounds.lines // 2:
            self._first.append(kept)
        else:
            self._last.append(kept)

    def _cut(self, exchange: Exchange) -> "_Kept":
        refused = exchange.status is None or exchange.status >= REFUSED
        bodies = []
        for body in (exchange.request, exchange.answer):
            room = min(self._bounds.body, self._room[refused])
            whole = len(body) <= room
            # Read past the bound, and cut there once it is masked.
            some = body if whole else body[: room + MARGIN] if room else b""
            bodies.append(_Body(some, whole=whole, most=room))
            self._room[refused] -= min(len(body), room)
        return _Kept(exchange, *bodies)

    def rows(self, mask: Callable[[JSON], JSON]) -> bytes:
        """Return them as NDJSON, masked."""
        first = [one.line(mask) for one in self._first]
        last = [one.line(mask) for one in self._last]
        whole = (*first, *kept_lines.gap(self.left_out), *last)
        return b"".join(map(kept_lines.row, whole))


@dataclass(frozen=True, slots=True)
class _Body:
    """A body, or as much of one as may be kept: `most` bytes of it, when masked."""

    data: bytes
    whole: bool
    most: int

    def value(self) -> Any:
        """Return JSON as its value, anything else as its text."""
        if not self.data:
            return None
        if self.whole:
            try:
                return json.loads(self.data, parse_constant=_refuse)
            except (ValueError, RecursionError):
                pass
        return self.data.decode("utf-8", "replace")

    def bounded(self, value: Any) -> Any:
        """Return the masked value without what was read to look for secrets alone."""
        if self.whole or not isinstance(value, str):
            return value
        return value[: max(0, min(self.most, len(value) - MARGIN))]


@dataclass(frozen=True, slots=True)
class _Kept:
    """An exchange, without the bodies that it came with."""

    exchange: Exchange
    request: _Body
    answer: _Body

    def line(self, mask: Callable[[JSON], JSON]) -> JSON:
        """Return it as JSON without secrets."""
        one = self.exchange
        told = mask(
            {
                "path": one.path,
                "error": one.error,
                "request": self.request.value(),
                "answer": self.answer.value(),
            }
        )
        return {
            "at": one.at.isoformat(timespec="milliseconds"),
            "method": one.method,
            "path": told["path"],
            "status": one.status,
            "sent": one.sent,
            "received": one.received,
            "seconds": round(one.seconds, 6),
            "request": self.request.bounded(told["request"]),
            "answer": self.answer.bounded(told["answer"]),
            "cut": not (self.request.whole and self.answer.whole),
            "error": told["error"],
        }


class KeptExchanges:
    """Stores the exchanges of a try as NDJSON and reads them again.

    `mask` takes the secrets out.
    """

    def __init__(self, blobs: Blobs, *, mask: Callable[[JSON], JSON]) -> None:
        self._blobs = blobs
        self._mask = mask

    async def keep(self, exchanges: Exchanges) -> str:
        """Store them and return their name; raises StoreUnavailableError."""
        data = await asyncio.to_thread(exchanges.rows, self._mask)
        return await self._blobs.put(data)

    async def read(self, digest: str) -> tuple[Sequence[JSON], int]:
        """Return the exchanges, and how many were left out.

        Raises BlobNotFoundError, BlobCorruptError, StoreUnavailableError.
        """
        data = await self._blobs.get(Digest(digest))
        return kept_lines.read(data, digest, what="list of exchanges")


def asked_tries(commits: Iterable[Commit]) -> tuple[KeptTry, ...]:
    """Return the tries of a run's steps whose exchanges were kept, oldest first."""
    return kept_tries(commits, lambda ended: ended.exchanges)


def _refuse(constant: str) -> Any:
    """Refuse what JSON has not, such as NaN."""
    raise ValueError(constant)
