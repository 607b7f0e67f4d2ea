"""Finds the blobs that nothing names any more, and deletes them.

Why a blob that is being stored while a sweep runs is never lost, with grace G:

1. `put` leaves every blob that it answers for, the whole and its parts, touched within
   the last G/2: it refreshes what was not touched for G/4, parts before their whole. A
   whole that was is trusted, for its parts were within another G/4 when it was written.
2. A sweep takes its cut-off before it reads the journal: what was touched since, and
   what that lists as parts, stays.
3. A commit names the digest at most G/2 after its `put` (12 hours: a worker that sleeps
   longer has lost its lease, and its commit is refused).

What was redacted is let go before its days: it counts as untouched two hours after
that. By then whoever found it fresh has named it, for no lease is longer, and whoever
stores it later touches it.

So what a sweep may delete was put more than G/2 before the sweep began, its commit is
in the journal that the sweep reads, and it is marked. A `put` that meets the sweep
itself is settled by the database: the deletion demands that nobody has touched the
document, and a refresh that finds nothing to refresh stores it again.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import Clock
from core.store.blobs import COLLECTION, GRACE
from core.store.database import Database, Document, translating
from core.store.digests import digests_in

JOURNAL = "journal"
REDACTED = "checkpoint.redacted"
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
SHORTEST = timedelta(minutes=1)
MANY = 500
PREFIX = "sha256:"
LINKS = {"refs": 1, "parts": 1}
SHOWN = {"stream": 1, "events": 1, "state": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many blobs are left, how many went, and how many bytes of data these took."""

    kept: int
    deleted: int
    bytes: int


async def collect(
    database: Database,
    clock: Clock,
    grace: timedelta = GRACE,
    *,
    dry_run: bool = False,
) -> Swept:
    """Delete the blobs that no entry of the journal leads to and nobody has touched.

    A dry run deletes nothing, and returns what would go. `grace` must be the one that
    the writers' `Blobs` have. What a redaction names, its own stream names no more.
    Memory is about 100 bytes a blob that is named. Raises StoreUnavailableError.
    """
    sweep = Sweep(database, cutoff=clock.now() - grace, dry_run=dry_run)
    with translating():
        await sweep.mark()
        return await sweep.sweep()


class Sweep:
    """One sweep: `mark` what is named, then `sweep` the rest."""

    def __init__(self, database: Database, *, cutoff: datetime, dry_run: bool) -> None:
        self._journal = database.db[JOURNAL]
        self._blobs = database.db[COLLECTION]
        self._cutoff = cutoff
        self._dry_run = dry_run
        self._marked: set[bytes] = set()
        self._fresh = 0

    async def mark(self) -> None:
        """Mark what the journal and fresh blobs name, and all that those lead to."""
        named = await self._named()
        fresh = self._blobs.find({"touched_at": {"$gte": self._cutoff}}, LINKS)
        async for found in fresh:
            self._fresh += 1
            named |= _links(found)
        await self._follow(named)

    async def _named(self) -> set[bytes]:
        """Return every digest in the journal's entries, read one after the other."""
        named: set[bytes] = set()
        redacted: dict[bytes, set[str]] = {}
        async for entry in self._journal.find({}, SHOWN, batch_size=MANY):
            named |= _named_in(entry)
            for digest in _redacted_in(entry):
                redacted.setdefault(digest, set()).add(entry["stream"])
        return named - await self._unnamed(redacted) if redacted else named

    async def _unnamed(self, redacted: Mapping[bytes, set[str]]) -> set[bytes]:
        """Return those that no stream names but the streams that redacted them.

        A branch has states of its parent; what one of them erases, the other keeps.
        """
        kept: set[bytes] = set()
        async for entry in self._journal.find({}, SHOWN, batch_size=MANY):
            for digest in _named_in(entry) & redacted.keys():
                if entry["stream"] not in redacted[digest]:
                    kept.add(digest)
        return redacted.keys() - kept

    async def _follow(self, named: set[bytes]) -> None:
        while named := named - self._marked:
            self._marked |= named
            links = set[bytes]()
            for digests in _batches(map(_shown, named)):
                found = self._blobs.find({"_id": {"$in": digests}}, LINKS)
                async for one in found:
                    links |= _links(one)
            named = links

    async def sweep(self) -> Swept:
        """Delete what is not marked and was not touched since the cut-off."""
        kept, deleted, freed = self._fresh, 0, 0
        async for window in self._untouched():
            idle = {
                one["_id"]: int(one["packed"])
                for one in window
                if not _packed([one["_id"]]) <= self._marked
            }
            gone = list(idle) if self._dry_run else await self._delete(list(idle))
            kept += len(window) - len(gone)
            deleted += len(gone)
            freed += sum(idle[one] for one in gone)
        return Swept(kept=kept, deleted=deleted, bytes=freed)

    async def _untouched(self) -> AsyncIterator[list[Document]]:
        """Yield what nobody has touched since the cut-off, newest first.

        Time is walked back in windows that widen where little lies, for the embedded
        server collects all that one query asks for before it answers.
        """
        end, width = self._cutoff, timedelta(hours=1)
        while end > BEGINNING:
            begin = max(end - width, BEGINNING)
            bounds = {"$gte": begin, "$lt": end}
            found = await self._blobs.find(
                {"touched_at": bounds}, {"packed": 1}
            ).to_list(None)
            yield found
            end = begin
            width = width * 2 if len(found) < MANY else max(width / 2, SHORTEST)

    async def _delete(self, digests: list[str]) -> list[str]:
        gone: list[str] = []
        for batch in _batches(digests):
            key = {"_id": {"$in": batch}, "touched_at": {"$lt": self._cutoff}}
            done = await self._blobs.delete_many(key)
            left: set[str] = set()
            if done.deleted_count < len(batch):  # some were touched a moment ago
                cursor = self._blobs.find({"_id": {"$in": batch}}, {"_id": 1})
                left = {one["_id"] async for one in cursor}
            gone += [one for one in batch if one not in left]
        return gone


def _named_in(entry: Document) -> set[bytes]:
    told = [event["data"] for event in entry["events"] if event["type"] != REDACTED]
    return _packed(digests_in([entry.get("state"), told]))


def _redacted_in(entry: Document) -> set[bytes]:
    told = [event["data"] for event in entry["events"] if event["type"] == REDACTED]
    return _packed(digests_in(told))


def _links(found: Document) -> set[bytes]:
    return _packed([*found["refs"], *found.get("parts", ())])


def _packed(digests: Iterable[str]) -> set[bytes]:
    return {bytes.fromhex(one.removeprefix(PREFIX)) for one in digests}


def _shown(digest: bytes) -> str:
    return f"{PREFIX}{digest.hex()}"


def _batches(digests: Iterable[str]) -> Iterable[list[str]]:
    listed = list(digests)
    return (listed[at : at + MANY] for at in range(0, len(listed), MANY))
