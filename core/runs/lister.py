"""Reads pages of the `runs` collection in bounded ranges, newest first."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from core.clock import Clock
from core.runs.listing import (
    SUMMARY_FIELDS,
    Page,
    RunFilter,
    RunSummary,
    summary_of,
)
from core.runs.queue import COLLECTION
from core.store.database import Database, Document
from core.store.positions import Position
from core.store.slices import BEFORE_ALL, MILLISECOND, Slices

FIELDS = {name: 1 for name in SUMMARY_FIELDS if name != "id"}


class RunLister:
    """Answers lists of runs; each method raises StoreUnavailableError."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._slices = Slices(database.db[COLLECTION], clock=clock, fields=FIELDS)

    async def page(
        self, wanted: RunFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page:
        """Return up to `limit` runs that were created before `after`."""
        found: list[RunSummary] = []
        async for documents in self._found(wanted, after, limit):
            lines = [summary_of(one) for one in documents if wanted.matches(one)]
            lines.sort(key=lambda one: one.position, reverse=True)
            found += [one for one in lines if after is None or one.position < after]
            if len(found) > limit:
                last = found[limit - 1].position
                return Page(runs=tuple(found[:limit]), next=last)
        return Page(runs=tuple(found), next=None)

    async def _found(
        self, wanted: RunFilter, after: Position | None, limit: int
    ) -> AsyncIterator[list[Document]]:
        """Yield what may match, slice by slice, the newest slice first."""
        if wanted.family is not None:
            yield await self._slices.find({"family": wanted.family})
            return
        if wanted.repository is not None and wanted.pull is not None:
            yield await self._slices.find(
                {"repository": wanted.repository, "pull": wanted.pull}
            )
            return
        slices = self._slices.back(
            _lane(wanted),
            wanted.matches,
            top=_top(wanted, after),
            bottom=_bottom(wanted),
            limit=limit,
        )
        async for documents in slices:
            yield documents


def _lane(wanted: RunFilter) -> dict[str, Any]:
    """Return the one equality that goes before the range of time."""
    if wanted.repository is not None:
        return {"repository": wanted.repository}
    if wanted.status is not None:
        return {"status": str(wanted.status)}
    return {}


def _top(wanted: RunFilter, after: Position | None) -> datetime | None:
    tops = [
        *([wanted.until] if wanted.until is not None else []),
        *([after.created_at] if after is not None else []),
    ]
    return min(tops, default=None)


def _bottom(wanted: RunFilter) -> datetime:
    return wanted.since - MILLISECOND if wanted.since is not None else BEFORE_ALL
