"""Which events of a very long run are kept for its causes, and which are let go."""

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from core.events import schema
from core.events.base import Payload
from core.rca.story import MOST_TOLD, Told

# The ends of children that nothing killed are worth less than those of the killed.
CRUCIAL = (
    schema.RunMove,
    schema.RunSuperseded,
    schema.BranchCreated,
    schema.GateMove,
    schema.EffectFailed,
    schema.CheckpointRedacted,
    schema.WorkerLeft,
)
CHATTER = (
    schema.StepProgressed,
    schema.WorkReused,
    schema.CheckpointCaptured,
    schema.FindingProposed,
    schema.FindingVerified,
    schema.FindingFiltered,
)
MOST_BYTES = 16 * 1024 * 1024


class Worth(IntEnum):
    """How much an event says of why a run came out as it did."""

    CHATTER = 0
    PLAIN = 1
    CRUCIAL = 2


def worth(event: Payload) -> Worth:
    """Return how much an event says: failures and moves of the run say most."""
    match event:
        case schema.StepFinished():
            failed = event.failure is not None or event.error is not None
            return Worth.CRUCIAL if failed else Worth.PLAIN
        case schema.StepRetried():
            return Worth.PLAIN if event.transition == "due" else Worth.CRUCIAL
        case schema.SandboxFinished():
            ended = event.killed_by is None and event.exit_code is not None
            return Worth.PLAIN if ended else Worth.CRUCIAL
        case _ if isinstance(event, CRUCIAL):
            return Worth.CRUCIAL
        case _ if isinstance(event, CHATTER):
            return Worth.CHATTER
        case _:
            return Worth.PLAIN


@dataclass(slots=True)
class _Shelf:
    """Events of one worth: the first of them stay, and the newest after those."""

    first: list[tuple[Told, int]] = field(default_factory=list)
    last: deque[tuple[Told, int]] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.first) + len(self.last)

    def add(self, told: Told, size: int, *, half: int) -> None:
        if not self.last and len(self.first) < half:
            self.first.append((told, size))
        else:
            self.last.append((told, size))

    def drop(self) -> int:
        """Let go of one from the middle, and return its size."""
        return (self.last.popleft() if self.last else self.first.pop())[1]


class Kept:
    """At most `most` events in `most_bytes`; the least worth go first, then the middle.

    `left_out` counts those that were let go.
    """

    def __init__(self, most: int = MOST_TOLD, most_bytes: int = MOST_BYTES) -> None:
        self.left_out = 0
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._shelves = {one: _Shelf() for one in Worth}

    def add(self, told: Told) -> None:
        """Keep an event, at the cost of others if need be."""
        size = told.event.size()
        shelf = self._shelves[worth(told.event)]
        shelf.add(told, size, half=self._most // 2)
        self._bytes += size
        while self._is_full():
            self._bytes -= self._least().drop()
            self.left_out += 1

    def all(self) -> tuple[Told, ...]:
        """Return what is kept, in the order in which it came."""
        kept = [
            told
            for shelf in self._shelves.values()
            for told, _ in (*shelf.first, *shelf.last)
        ]
        return tuple(sorted(kept, key=_place))

    def _is_full(self) -> bool:
        count = sum(map(len, self._shelves.values()))
        return count > self._most or (self._bytes > self._most_bytes and count > 1)

    def _least(self) -> _Shelf:
        return next(shelf for shelf in self._shelves.values() if len(shelf))


def _place(told: Told) -> tuple[int, int]:
    return told.seq, int(told.id.rpartition(".")[2])
