"""Reads a collection from its newest documents back, in bounded slices of time."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import Clock
from core.store.database import Collection, Document, translating

# Ids end at random: one document in 32 is a milestone, by which lists guess their way.
MILESTONE_ENDING = "0"
MILESTONE_EVERY = 32
SPARE_MILESTONES = 3
MILLISECOND = timedelta(milliseconds=1)
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_REACH = timedelta(minutes=1)
FURTHER = 16
FURTHEST = timedelta(days=1500)


def is_milestone(document_id: str) -> bool:
    """Return whether a document is one of those that tell how dense the others are."""
    return document_id.endswith(MILESTONE_ENDING)


class Slices:
    """Slices of a collection that has `created_at`, and `milestone` where that is True.

    The embedded server sorts by scanning and reads a range whole, however few of it are
    wanted. So a page is read in slices of time that hold about as many documents as it
    needs: the milestones, which have an index to themselves, tell how far back that is.
    Raises StoreUnavailableError.
    """

    def __init__(
        self,
        collection: Collection,
        *,
        clock: Clock,
        fields: Mapping[str, int] | None = None,
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._fields = fields

    async def back(
        self,
        lane: Mapping[str, Any],
        fits: Callable[[Document], bool],
        *,
        top: datetime | None,
        bottom: datetime = BEFORE_ALL,
        limit: int,
    ) -> AsyncIterator[list[Document]]:
        """Yield slices of a lane that were created up to `top` and after `bottom`.

        `lane` is the one equality that goes before the range of time: with two of them
        the embedded server may take the index that narrows less. `fits` says which
        documents count for the `limit`.
        """
        enough = limit // MILESTONE_EVERY + SPARE_MILESTONES
        while top is None or top > bottom:
            low = await self._reach(fits, top, bottom, enough)
            yield await self.find({**lane, "created_at": _between(low, top)})
            top = low

    async def find(self, query: Document) -> list[Document]:
        """Return all that a query finds, in no order."""
        with translating():
            return await self._collection.find(query, self._fields).to_list(None)

    async def _reach(
        self,
        fits: Callable[[Document], bool],
        top: datetime | None,
        bottom: datetime,
        enough: int,
    ) -> datetime:
        """Return how far down from `top` there are about `enough` milestones."""
        start = top if top is not None else self._clock.now()
        reach, seen, times = FIRST_REACH, top, list[datetime]()
        while True:
            low = max(bottom, start - reach) if reach < FURTHEST else bottom
            marks = await self.find(
                {"milestone": True, "created_at": _between(low, seen)}
            )
            times += [one["created_at"] for one in marks if fits(one)]
            if len(times) > enough:
                times.sort(reverse=True)
                return max(bottom, times[enough] - MILLISECOND)
            if low == bottom:
                return bottom
            reach, seen = reach * FURTHER, low


def _between(low: datetime, top: datetime | None) -> dict[str, datetime]:
    """Return the range of times after `low`, up to `top` where there is one."""
    return {"$gt": low} if top is None else {"$gt": low, "$lte": top}
