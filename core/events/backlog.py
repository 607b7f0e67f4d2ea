"""Older events as frames: read by blocks, and shared by all who ask for the same."""

import asyncio
from collections import OrderedDict
from contextvars import Context

from core.events.feed_reader import FeedReader
from core.events.frames import Frame, frame
from core.events.query import EventFilter
from core.events.recent import Chunk, Prepared

BLOCK = 200
KEPT = 32
AT_ONCE = 3


class Backlog:
    """Reads blocks of the feed, few at a time and each once for all who wait for it.

    A thousand clients that come back together would otherwise ask the database for the
    same pages a thousand times.
    """

    def __init__(self, reader: FeedReader) -> None:
        self._reader = reader
        self._blocks: OrderedDict[int, tuple[Frame, ...]] = OrderedDict()
        self._loading: dict[int, asyncio.Task[tuple[Frame, ...]]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._prepared = Prepared()

    async def after(self, position: int, wanted: EventFilter) -> Chunk | None:
        """Return what follows a position, None when nothing of its block is there.

        Raises StoreUnavailableError.
        """
        known = self._prepared.get(wanted, position)
        if known is not None:
            return known
        frames = await self._block(position // BLOCK)
        following = [one for one in frames if one.position > position]
        if not following:
            return None
        if len(frames) < BLOCK:
            return Prepared().take(wanted, position, following)
        return self._prepared.take(wanted, position, following)

    async def _block(self, number: int) -> tuple[Frame, ...]:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        task = self._loading.get(number)
        if task is None:
            # For all who want it, so what it logs names none of them.
            task = asyncio.create_task(self._load(number), context=Context())
            self._loading[number] = task
            task.add_done_callback(lambda _: self._loading.pop(number, None))
        # One who leaves must not take the block from the others.
        return await asyncio.shield(task)

    async def _load(self, number: int) -> tuple[Frame, ...]:
        async with self._turns:
            entries = await self._reader.after(number * BLOCK, limit=BLOCK)
        frames = tuple(frame(entry) for entry in entries)
        if len(frames) == BLOCK:
            self._blocks[number] = frames
            if len(self._blocks) > KEPT:
                self._blocks.popitem(last=False)
        return frames
