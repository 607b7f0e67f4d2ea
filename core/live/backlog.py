"""Older events as frames, read by blocks or pages, each once for all who want it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context
from typing import Generic, TypeVar

from core.errors import CursorTrimmedError
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.live.frames import Frame, frame
from core.live.recent import CHUNK_FRAMES, Chunk, Prepared, chunk_of

BLOCK = 200
BLOCKS = 32
MOST_BYTES = 16 * 1024 * 1024
AT_ONCE = 3
# So many chunks of a page are kept for whoever comes to them, which is soon.
AHEAD = 32
K = TypeVar("K")
V = TypeVar("V")


class Shared(Generic[K, V]):
    """Looks things up, each once for all who wait for it, and few at a time.

    A thousand clients that come back together would otherwise ask the database for the
    same pages a thousand times.
    """

    def __init__(
        self, look: Callable[[K], Awaitable[V]], turns: asyncio.Semaphore
    ) -> None:
        self._look = look
        self._turns = turns
        self._looking: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Return what is looked up; raises what the look-up raises."""
        task = self._looking.get(key)
        if task is None:
            # For all who want it, so what it logs names none of them.
            task = asyncio.create_task(self._turn(key), context=Context())
            self._looking[key] = task
            task.add_done_callback(lambda _: self._looking.pop(key, None))
        # One who leaves must not take it from the others.
        return await asyncio.shield(task)

    async def _turn(self, key: K) -> V:
        async with self._turns:
            return await self._look(key)


class Backlog:
    """Reads what is older than the frames at hand; raises StoreUnavailableError.

    Who wants everything reads whole blocks. Who wants little reads what the index
    finds, however much lies between.
    """

    def __init__(self, reader: FeedReader, replay: Replay) -> None:
        turns = asyncio.Semaphore(AT_ONCE)
        self._reader = reader
        self._replay = replay
        self._kept: OrderedDict[int, tuple[Frame, ...]] = OrderedDict()
        self._bytes = 0
        self._prepared = Prepared()
        self._blocks = Shared(self._read_block, turns)
        self._pages = Shared(self._read_page, turns)

    async def after(self, position: int, wanted: EventFilter) -> Chunk | None:
        """Return what follows a position, None when what should is not there."""
        known = self._prepared.get(wanted, position)
        if known is not None:
            return known
        if not wanted.wants_everything:
            chunk = await self._pages.get((wanted, position))
            return self._prepared.keep(wanted, position, chunk)
        block = await self._block(position // BLOCK)
        # Of all who waited for the block, the first one makes the chunk.
        known = self._prepared.get(wanted, position)
        if known is not None:
            return known
        following = [one for one in block if one.position > position]
        if not following:
            return None
        chunk = chunk_of(following, wanted)
        whole = len(block) == BLOCK
        return self._prepared.keep(wanted, position, chunk) if whole else chunk

    def forget(self) -> None:
        """Forget what was read, for some of it was trimmed."""
        self._kept.clear()
        self._bytes = 0
        self._prepared.forget()

    async def _block(self, number: int) -> tuple[Frame, ...]:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        return await self._blocks.get(number)

    async def _read_block(self, number: int) -> tuple[Frame, ...]:
        entries = await self._reader.after(number * BLOCK, limit=BLOCK)
        # Whoever trims moves this first: what is from there on has no hole.
        oldest = await self._reader.oldest()
        frames = tuple(frame(one) for one in entries if one.position >= oldest)
        if len(frames) == BLOCK:
            self._keep(number, frames)
        return frames

    def _keep(self, number: int, frames: tuple[Frame, ...]) -> None:
        """Remember a block, and forget the longest unused beyond what there is room."""
        self._kept[number] = frames
        self._bytes += _size(frames)
        while len(self._kept) > BLOCKS or self._bytes > MOST_BYTES:
            self._bytes -= _size(self._kept.popitem(last=False)[1])

    async def _read_page(self, asked: tuple[EventFilter, int]) -> Chunk:
        wanted, position = asked
        begins = position + 1
        try:
            page = await self._replay.page(wanted, after=position, limit=CHUNK_FRAMES)
        except CursorTrimmedError as error:
            begins = int(str(error.facts["oldest"]))
            page = await self._replay.page(wanted, limit=CHUNK_FRAMES)
        to = page.head if page.next is None else page.next
        first, *more = _chunks(tuple(map(frame, page.entries)), wanted, begins, to)
        for one in more[:AHEAD]:
            self._prepared.keep(wanted, one.begins - 1, one)
        return first


def _size(frames: tuple[Frame, ...]) -> int:
    return sum(len(one.data) for one in frames)


def _chunks(
    frames: tuple[Frame, ...], wanted: EventFilter, begins: int, to: int
) -> Iterator[Chunk]:
    """Yield chunks of frames that all match, from one position to another."""
    chunk = chunk_of(frames, wanted)
    left = frames[len(chunk.frames) :]
    while left:
        yield Chunk(begins, chunk.to, chunk.frames, chunk.data)
        begins = chunk.to + 1
        chunk = chunk_of(left, wanted)
        left = left[len(chunk.frames) :]
    yield Chunk(begins, to, chunk.frames, chunk.data)
