"""Reads pages of the `runs` collection in bounded ranges, newest first."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import Clock
from core.runs.listing import (
    MILLISECOND,
    SUMMARY_FIELDS,
    Page,
    Position,
    RunFilter,
    RunSummary,
    summary_of,
)
from core.runs.projection import MILESTONE_EVERY
from core.runs.queue import COLLECTION
from core.store.database import Database, Document, translating

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_REACH = timedelta(minutes=1)
FURTHER = 16
FURTHEST = timedelta(days=1500)
SPARE_MILESTONES = 3
FIELDS = {name: 1 for name in SUMMARY_FIELDS if name != "id"}


class RunLister:
    """Answers lists of runs; each method raises StoreUnavailableError.

    The embedded server sorts by scanning and reads a range whole, however few of it are
    wanted. So a page is read in slices of time that hold about as many runs as it
    needs: every 32nd run or so is a milestone, and the milestones, which have an index
    to themselves, tell how far back that is.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._runs = database.db[COLLECTION]
        self._clock = clock

    async def page(
        self, wanted: RunFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page:
        """Return up to `limit` runs that were created before `after`."""
        found: list[RunSummary] = []
        async for documents in self._slices(wanted, after, limit):
            lines = [summary_of(one) for one in documents if wanted.matches(one)]
            lines.sort(key=lambda one: one.position, reverse=True)
            found += [one for one in lines if after is None or one.position < after]
            if len(found) > limit:
                last = found[limit - 1].position
                return Page(runs=tuple(found[:limit]), next=last)
        return Page(runs=tuple(found), next=None)

    async def _slices(
        self, wanted: RunFilter, after: Position | None, limit: int
    ) -> AsyncIterator[list[Document]]:
        """Yield what may match, slice by slice, the newest slice first."""
        if wanted.family is not None:
            yield await self._find({"family": wanted.family})
            return
        if wanted.repository is not None and wanted.pull is not None:
            yield await self._find(
                {"repository": wanted.repository, "pull": wanted.pull}
            )
            return
        top, bottom = _top(wanted, after), _bottom(wanted)
        enough = limit // MILESTONE_EVERY + SPARE_MILESTONES
        while top is None or top > bottom:
            low = await self._reach(wanted, top, bottom, enough)
            yield await self._find({**_lane(wanted), "created_at": _between(low, top)})
            top = low

    async def _reach(
        self, wanted: RunFilter, top: datetime | None, bottom: datetime, enough: int
    ) -> datetime:
        """Return how far down from `top` there are about `enough` milestones."""
        start = top if top is not None else self._clock.now()
        reach, seen, times = FIRST_REACH, top, list[datetime]()
        while True:
            low = max(bottom, start - reach) if reach < FURTHEST else bottom
            query = {"milestone": True, "created_at": _between(low, seen)}
            marks = await self._find(query)
            times += [one["created_at"] for one in marks if wanted.matches(one)]
            if len(times) > enough:
                times.sort(reverse=True)
                return max(bottom, times[enough] - MILLISECOND)
            if low == bottom:
                return bottom
            reach, seen = reach * FURTHER, low

    async def _find(self, query: Document) -> list[Document]:
        with translating():
            return await self._runs.find(query, FIELDS).to_list(None)


def _lane(wanted: RunFilter) -> dict[str, Any]:
    """Return the one equality that goes before the range of time.

    With two of them the embedded server may take the index that narrows less.
    """
    if wanted.repository is not None:
        return {"repository": wanted.repository}
    if wanted.status is not None:
        return {"status": str(wanted.status)}
    return {}


def _between(low: datetime, top: datetime | None) -> dict[str, datetime]:
    """Return the range of times after `low`, up to `top` where there is one."""
    return {"$gt": low} if top is None else {"$gt": low, "$lte": top}


def _top(wanted: RunFilter, after: Position | None) -> datetime | None:
    tops = [
        *([wanted.until] if wanted.until is not None else []),
        *([after.created_at] if after is not None else []),
    ]
    return min(tops, default=None)


def _bottom(wanted: RunFilter) -> datetime:
    return wanted.since - MILLISECOND if wanted.since is not None else BEFORE_ALL
