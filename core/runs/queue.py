"""What `runs` says of those that wait, are held, are overdue, or had an error."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.clock import SystemClock
from core.runs.lanes import Lane
from core.runs.states import Status
from core.runs.turns import Entry
from core.store.database import Database, Document, translating
from core.store.slices import Slices

COLLECTION = "runs"
LONG_AGO = timedelta(days=90)
SHOWN = dict.fromkeys(
    ("repository", "installation_id", "pipeline", "head_seq", "lane", "lease.owner"), 1
)

# What is told of runs that came to the same error.
ALIKE = dict.fromkeys(
    (
        *("repository", "pull", "head_sha", "pipeline", "status", "conclusion"),
        *("outcome", "created_at", "finished_at", "fingerprint"),
    ),
    1,
)


class RunQueue:
    """Short lists, each by an index; the journal decides what is really so."""

    def __init__(self, database: Database) -> None:
        self._runs = database.db[COLLECTION]
        self._alike = Slices(self._runs, clock=SystemClock(), fields=ALIKE)

    async def due(
        self, statuses: Sequence[Status], now: datetime, *, at_most: int = 20
    ) -> list[str]:
        """Return ids of runs whose time has come, `at_most` in each of `statuses`."""
        ids: list[str] = []
        for status in statuses:
            query = {"status": str(status), "due_at": {"$lte": now}}
            ids += [one.run_id for one in await self._entries(query, at_most)]
        return ids

    async def queued(self, lane: Lane, after: str, at_most: int) -> list[Entry]:
        """Return queued runs by the names of their repositories, from past `after`."""
        query = {"lane": int(lane), "repository": {"$gt": after}}
        return await self._entries(query, at_most)

    async def retrying(self, now: datetime, at_most: int) -> list[Entry]:
        """Return runs that were put off until now or before."""
        query = {"status": str(Status.RETRY_WAIT), "due_at": {"$lte": now}}
        return await self._entries(query, at_most, retry=True)

    async def held(self) -> list[Entry]:
        """Return every run that a worker holds."""
        return await self._entries({"status": str(Status.RUNNING)}, None)

    async def standing(self, status: Status, *, at_most: int) -> list[datetime]:
        """Return when each run of a state is or was due, of `at_most` runs."""
        shown = {"_id": 0, "status": 1, "due_at": 1}
        with translating():
            found = self._runs.find({"status": str(status)}, shown, batch_size=at_most)
            return [one["due_at"] for one in await found.to_list(at_most)]

    async def of_fingerprint(
        self, fingerprint: str, repository: str, limit: int, *, before: datetime
    ) -> list[Document]:
        """Return a repository's newest runs whose last error was this, newest first.

        At most `limit` of those that were created in the 90 days until `before`. Of
        other repositories nothing is told: who reads of the one may not see them.
        """
        wanted = {"fingerprint": fingerprint, "repository": repository}

        def fits(one: Document) -> bool:
            return all(one.get(name) == value for name, value in wanted.items())

        found: list[Document] = []
        slices = self._alike.back(
            {"fingerprint": fingerprint},
            fits,
            top=before,
            bottom=before - LONG_AGO,
            limit=limit,
        )
        async for documents in slices:
            found += filter(fits, documents)
            if len(found) >= limit:
                break
        found.sort(key=lambda one: (one["created_at"], one["_id"]), reverse=True)
        return found[:limit]

    async def _entries(
        self, query: Document, at_most: int | None, *, retry: bool = False
    ) -> list[Entry]:
        # No limit: the embedded server would scan the collection for it.
        batch = at_most or 0
        with translating():
            found = self._runs.find(query, SHOWN, batch_size=batch)
            documents = await found.to_list(at_most)
        return [_entry(one, retry=retry) for one in documents]


def _entry(document: Document, *, retry: bool) -> Entry:
    return Entry(
        run_id=document["_id"],
        repository=document["repository"],
        installation_id=document.get("installation_id"),
        pipeline=document["pipeline"],
        head_seq=document["head_seq"],
        lane=Lane(document.get("lane", Lane.ROUTINE)),
        owner=document.get("lease", {}).get("owner"),
        retry=retry,
    )
