"""The newest events as frames, kept so that many listeners share one copy."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from core.feed.query import EventFilter
from core.live.frames import Frame

MOST_FRAMES = 10_000
MOST_BYTES = 16 * 1024 * 1024
# What one write takes at most, a single longer event apart. It becomes one chunk of the
# answer, and there are clients that lose what they have of a chunk when they are cut
# off: with long ones, somebody on a bad connection would never come on.
CHUNK_BYTES = 16 * 1024
CHUNK_FRAMES = 500
PREPARED = 128


@dataclass(frozen=True, slots=True)
class Chunk:
    """The frames that one listener is sent next, and the position that follows.

    `begins` is the first position that was looked at. `frames` are those that match,
    `data` is all of them in one.
    """

    begins: int
    to: int
    frames: tuple[Frame, ...]
    data: bytes


def chunk_of(frames: Iterable[Frame], wanted: EventFilter) -> Chunk:
    """Return what matches of frames that follow each other, of which there is one."""
    size, begins, to = 0, 0, 0
    matching: list[Frame] = []
    for one in frames:
        begins = begins or one.position
        if wanted.matches(one.entry):
            if matching and size + len(one.data) > CHUNK_BYTES:
                break
            matching.append(one)
            size += len(one.data)
        to = one.position
    return Chunk(begins, to, tuple(matching), b"".join(one.data for one in matching))


class Prepared:
    """Remembers chunks, so that listeners with equal filters share their bytes."""

    def __init__(self) -> None:
        self._chunks: OrderedDict[tuple[EventFilter, int], Chunk] = OrderedDict()

    def keep(self, wanted: EventFilter, position: int, chunk: Chunk) -> Chunk:
        """Remember the chunk that follows `position`, and return it."""
        self._chunks[wanted, position] = chunk
        if len(self._chunks) > PREPARED:
            self._chunks.popitem(last=False)
        return chunk

    def get(self, wanted: EventFilter, position: int) -> Chunk | None:
        """Return the chunk if it was made before."""
        return self._chunks.get((wanted, position))

    def forget(self) -> None:
        """Forget all of them."""
        self._chunks.clear()


class Recent:
    """The frames up to the head, bounded in number and in bytes."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._frames: deque[Frame] = deque()
        self._size = 0
        self._prepared = Prepared()

    @property
    def oldest(self) -> int:
        """Return the first position that is kept; the next one when none is."""
        return self.head + 1 - len(self._frames)

    def add(self, frames: Sequence[Frame]) -> None:
        """Add the frames that follow the head."""
        for one in frames:
            self._frames.append(one)
            self._size += len(one.data)
            self.head = one.position
        while len(self._frames) > MOST_FRAMES or self._size > MOST_BYTES:
            self._drop()
        self._prepared.forget()

    def forget_before(self, position: int) -> None:
        """Drop what stands before a position, for it was trimmed."""
        while self._frames and self._frames[0].position < position:
            self._drop()
        self._prepared.forget()

    def after(self, position: int, wanted: EventFilter) -> Chunk:
        """Return what follows a position that is before the head, and kept."""
        known = self._prepared.get(wanted, position)
        if known is not None:
            return known
        skipped = position + 1 - self.oldest
        near = len(self._frames) - skipped
        if near < skipped:
            following = list(islice(reversed(self._frames), near))[::-1][:CHUNK_FRAMES]
        else:
            following = list(islice(self._frames, skipped, skipped + CHUNK_FRAMES))
        return self._prepared.keep(wanted, position, chunk_of(following, wanted))

    def _drop(self) -> None:
        self._size -= len(self._frames.popleft().data)
