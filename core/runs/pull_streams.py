"""Everything that the journal has of one pull request, or of a repository."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.events.base import JSON
from core.events.redacting import JournalRedaction
from core.redaction.places import Order
from core.review.ledger.model import stream_of
from core.runs.model import Run
from core.runs.projection import RunProjection
from core.runs.pulls import pull_stream
from core.runs.service import Runs
from core.store.database import Document

Documents = list[dict[str, Any]]


class PullStreams:
    """Finds runs and streams; every method raises StoreUnavailableError."""

    def __init__(self, runs: Runs, journal: JournalRedaction) -> None:
        self._runs = runs
        self._projection = runs.projection
        self._journal = journal

    async def runs(self, order: Order) -> tuple[Run, ...]:
        """Return the runs that an order is about, with those that descend from them."""
        if order.repository is None:
            return ()
        ids = await run_ids(self._projection, order)
        # One that is being asked for at this moment stands in no list yet.
        ids |= {
            event["data"]["run_id"]
            for document in await self.pulls(order)
            for event in document["events"]
            if event["type"] == "run.requested"
        }
        found = [await self._runs.find(one) for one in sorted(ids)]
        return tuple(run for run in found if run is not None)

    async def pulls(self, order: Order) -> Documents:
        """Return the raw documents in which the runs were asked for."""
        if order.repository is None:
            return []
        if order.pull is not None:
            return await self._journal.stream(pull_stream(order.repository, order.pull))
        begin = f"pull/{order.repository}#"
        return [
            one
            async for one in self._journal.streams_of("pull")
            if one["stream"].startswith(begin)
        ]

    async def findings(self, order: Order) -> Documents:
        """Return the raw documents of the ledgers of findings."""
        if order.repository is None:
            return []
        if order.pull is not None:
            return await self._journal.stream(stream_of(order.repository, order.pull))
        begin = stream_of(order.repository, 0).removesuffix("0")
        return [
            one
            async for one in self._journal.streams_of("findings")
            if one["stream"].startswith(begin)
        ]

    async def merges(self, runs: Iterable[Run]) -> Documents:
        """Return the raw documents of the merges of runs."""
        ids = {run.id for run in runs}
        if not ids:
            return []
        found: dict[str, Documents] = {}
        async for one in self._journal.streams_of("merge"):
            found.setdefault(one["stream"], []).append(one)
        return [
            one
            for documents in found.values()
            if any(_is_of(document["events"], ids) for document in documents)
            for one in documents
        ]

    async def deliveries(self, order: Order) -> Documents:
        """Return the raw documents of deliveries about it that hold a needle."""
        found: Documents = []
        async for one in self._journal.streams_of("delivery"):
            if order.needles.are_in_json(one["events"]) and _names(one, order):
                found.append(one)
        return [one for one in found if await self._is_about(one, order)]

    async def _is_about(self, document: Document, order: Order) -> bool:
        """Return whether a delivery is about the pull request, or about none."""
        if order.pull is None:
            return True
        pulls = {
            event["data"].get("pull")
            for one in await self._journal.stream(document["stream"])
            for event in one["events"]
        }
        return pulls - {None} <= {order.pull}


async def run_ids(projection: RunProjection, order: Order) -> set[str]:
    """Return the ids of the listed runs that an order is about, and their families'."""
    if order.repository is None:
        return set()
    if order.pull is not None:
        found = await projection.of_pull(order.repository, order.pull)
    else:
        found = await projection.of_repository(order.repository)
    ids = {str(one["_id"]) for one in found}
    for family in {str(one["family"]) for one in found}:
        ids |= {str(one["_id"]) for one in await projection.of_family(family)}
    return ids


def _is_of(events: Iterable[JSON], ids: set[str]) -> bool:
    for event in events:
        for side in ("ours", "theirs", "base"):
            named = event["data"].get(side)
            if isinstance(named, Mapping) and named.get("run_id") in ids:
                return True
    return False


def _names(document: Document, order: Order) -> bool:
    return any(
        event["data"].get("repository") == order.repository
        for event in document["events"]
    )
