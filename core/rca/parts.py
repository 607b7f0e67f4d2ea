"""The bytes of bundles, in parts of 1 MiB, so that any range is read by few lookups."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import BundleDamagedError
from core.rca.kept import Bundle
from core.rca.schema import BUNDLES, PART, PARTS
from core.store.database import Database, translating

# What nobody has finished within a day is nobody's.
UNFINISHED = timedelta(days=1)


class BundleParts:
    """Keeps parts by the build that made them.

    What a build leaves that dies is deleted by whoever takes it over, by the sweep, or
    by the database a day later. Every method raises StoreUnavailableError.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._parts = database.db[PARTS]
        self._bundles = database.db[BUNDLES]
        self._clock = clock

    async def add(self, attempt: str, n: int, data: bytes) -> None:
        """Store a part of a bundle that is not finished yet."""
        purge_after = self._clock.now() + UNFINISHED
        fields = {"attempt": attempt, "n": n, "data": data, "purge_after": purge_after}
        with translating():
            await self._parts.insert_one({"_id": name_of(attempt, n), **fields})

    async def keep(self, attempt: str, until: datetime | None) -> None:
        """Let parts stay as long as their bundle, without `until` for ever."""
        change = (
            {"$unset": {"purge_after": ""}}
            if until is None
            else {"$set": {"purge_after": until}}
        )
        with translating():
            await self._parts.update_many({"attempt": attempt}, change)

    async def read(self, bundle: Bundle, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to `end`, which is left out.

        Raises BundleDamagedError where a part is gone or too short.
        """
        for n in range(start // PART, -(-end // PART)):
            with translating():
                found = await self._parts.find_one({"_id": name_of(bundle.attempt, n)})
            begin = n * PART
            wanted = min(bundle.size, begin + PART) - begin
            if found is None or len(found["data"]) != wanted:
                raise BundleDamagedError(run_id=bundle.run_id, part=n)
            yield bytes(found["data"][max(start - begin, 0) : end - begin])

    async def drop(self, attempt: str) -> int:
        """Delete the parts of a build; the first goes last, for it leads to the others.

        Returns how many there were.
        """
        with translating():
            found = await self._parts.find({"attempt": attempt}, {"n": 1}).to_list(None)
            names = [one["_id"] for one in found if one["n"] > 0]
            first = [one["_id"] for one in found if one["n"] == 0]
            for some in (names, first):
                if some:
                    await self._parts.delete_many({"_id": {"$in": some}})
        return len(found)

    async def sweep(self) -> int:
        """Delete what is due and what no bundle names; returns of how many builds."""
        with translating():
            await self._parts.delete_many({"purge_after": {"$lt": self._clock.now()}})
            firsts = await self._parts.find({"n": 0}, {"attempt": 1}).to_list(None)
        swept = 0
        for attempt in {str(one["attempt"]) for one in firsts}:
            with translating():
                named = await self._bundles.find_one({"attempt": attempt}, {"seq": 1})
            if named is None:
                swept += 1
                await self.drop(attempt)
        return swept


def name_of(attempt: str, n: int) -> str:
    """Return the id of a part."""
    return f"{attempt}:{n:06d}"
