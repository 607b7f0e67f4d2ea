"""The index's blocks in the database, found by bounded lookups alone."""

from datetime import datetime

from core.feed import stretch
from core.feed.index import COLLECTION, Block, block_in
from core.feed.stretch import Stretch, block_of
from core.store.database import Database, Document, DuplicateKeyError, translating


class FeedIndex:
    """Keeps blocks; every method raises StoreUnavailableError.

    Blocks are added in order, so that they have no gap; but nobody relies on it: where
    a block is missing, the events themselves are read.
    """

    def __init__(self, database: Database) -> None:
        self._blocks = database.db[COLLECTION]

    async def add(self, block: Block) -> bool:
        """Add a block; False when it is there already."""
        with translating():
            try:
                await self._blocks.insert_one(block.document())
            except DuplicateKeyError:
                return False
        return True

    async def replace(self, block: Block) -> bool:
        """Put a block in the place of the one that was there; False when none was."""
        with translating():
            done = await self._blocks.replace_one(
                {"_id": block.first}, block.document()
            )
        return bool(done.matched_count)

    async def at(self, position: int) -> Block | None:
        """Return the block that a position lies in, once it is indexed."""
        key: Document = {"_id": block_of(position).first}
        with translating():
            found = await self._blocks.find_one(key)
        return block_in(found) if found else None

    async def overlapping(self, part: Stretch) -> dict[int, Block]:
        """Return the blocks of a stretch by their first positions."""
        bounds = {"$gte": part.first, "$lt": part.last + stretch.LENGTH}
        with translating():
            found = await self._blocks.find({"to": bounds}).to_list(None)
        return {one["from"]: block_in(one) for one in found}

    async def end(self, oldest: int) -> int:
        """Return the position after the last block; `oldest` is the oldest kept.

        It takes a logarithm of the index's length in lookups.
        """
        first = await self.first(oldest)
        if await self.at(first) is None:
            return first
        known, step = 0, 1
        while await self._nth(first, known + step) is not None:
            known, step = known + step, step * 2
        missing = known + step
        while missing - known > 1:
            middle = (known + missing) // 2
            if await self._nth(first, middle) is None:
                missing = middle
            else:
                known = middle
        return first + missing * stretch.LENGTH

    async def first(self, oldest: int) -> int:
        """Return where the first block begins, or should begin.

        The block of the oldest kept position may have lost its beginning before it was
        indexed; then it is left out.
        """
        block = block_of(oldest)
        if block.first == oldest or await self.at(oldest) is not None:
            return block.first
        return block.last + 1

    async def reaching(self, moment: datetime, first: int, end: int) -> int:
        """Return a position before which no indexed event has this time or a later one.

        Blocks lie from `first` to before `end`. It takes a logarithm in lookups.
        """
        low, high = 0, (end - first) // stretch.LENGTH
        while low < high:
            middle = (low + high) // 2
            block = await self._nth(first, middle)
            if block is None or block.reached >= moment:
                high = middle
            else:
                low = middle + 1
        return first + low * stretch.LENGTH

    async def drop(self, before: int, *, since: int) -> None:
        """Delete the blocks that end before a position; `since` is where any may be."""
        with translating():
            await self._blocks.delete_many({"to": {"$gte": since, "$lt": before}})

    async def _nth(self, first: int, number: int) -> Block | None:
        return await self.at(first + number * stretch.LENGTH)
