"""The insert-only collection that everything else is read from."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import override

from core.clock import Clock, Ids
from core.errors import (
    BlobCorruptError,
    BlobNotFoundError,
    RefusedByDatabaseError,
    StoreUnavailableError,
)
from core.events.appender import Answer, Appender, Ended, Refused, Sink, Taken
from core.events.base import JSON
from core.events.bus import Bus
from core.events.commit import Commit, Draft, from_document
from core.events.cutting import BLOBS, cut, is_cut, put_away, whole
from core.events.journal_schema import COLLECTION
from core.events.measured import measure
from core.events.writers import Writers
from core.store.blobs import Blobs, Digest
from core.store.database import (
    BulkWriteError,
    Database,
    DuplicateKeyError,
    refusals,
    translating,
)

PAGE = 500
# Is told of an event's id, and of the error that says why a part of it is gone.
Torn = Callable[[str, Exception], None]


class _Batches(Sink):
    """Inserts the appender's batches and reads what the server says of them."""

    def __init__(self, database: Database) -> None:
        self._collection = database.db[COLLECTION]

    @override
    async def insert(self, commits: Sequence[Commit]) -> Answer:
        documents = [commit.document() for commit in commits]
        with translating():
            try:
                await self._collection.insert_many(documents, ordered=True)
            except BulkWriteError as error:
                refusal = refusals(error)[0]
            else:
                return None
            if refusal.duplicate:
                return await self._taken(refusal.position, commits[refusal.position])
        if refusal.invalid:
            return Refused(refusal.position, refusal.reason)
        raise RefusedByDatabaseError(collection=COLLECTION, reason=refusal.reason)

    async def _taken(self, index: int, commit: Commit) -> Answer:
        found = await self._collection.find_one({"_id": commit.id})
        if found is not None:
            return Taken(index, from_document(found))
        number = {"writer": commit.writer, "wseq": commit.wseq}
        if await self._collection.find_one(number) is not None:
            return Ended(index)
        # What stands in the way is not durable yet, so it cannot be read yet.
        raise StoreUnavailableError(reason=f"{commit.id} is taken but cannot be read")


async def seal(database: Database, commit: Commit) -> bool:
    """End another writer's log with `commit`; False when its number is taken.

    Raises StoreUnavailableError.
    """
    with translating():
        try:
            await database.db[COLLECTION].insert_one(commit.document())
        except DuplicateKeyError:
            return False
    return True


class Journal:
    """Appends commits through one appender a process and reads streams back.

    `bus` is told of each commit once it is durable. What is large in events lies in
    blobs: see cutting.py.
    """

    def __init__(
        self, database: Database, *, clock: Clock, ids: Ids, bus: Bus | None = None
    ) -> None:
        self._collection = database.db[COLLECTION]
        self._bus = bus
        self._blobs = Blobs(database, clock=clock)
        self._appender = Appender(
            _Batches(database),
            clock=clock,
            ids=ids,
            register=Writers(database, clock=clock).register,
            accepted=self._publish,
        )

    @property
    def writer(self) -> str:
        """Return this process's name in the journal."""
        return self._appender.writer

    async def append(self, draft: Draft) -> Commit:
        """Append one commit; see Appender.append for what it raises.

        Raises BlobNotJsonError too, for what is large and has no canonical JSON.
        """
        made = cut(draft.events)
        if made is not None:
            stored = await put_away(made, self._blobs.put_json)
            draft = replace(draft, events=made.events, cut=stored)
        return await self._appender.append(draft)

    async def read(self, stream: str) -> tuple[Commit, ...]:
        """Return a stream's commits, oldest first.

        Raises BlobNotFoundError and BlobCorruptError where an event was too large for
        the journal, and the rest of it is gone.
        """
        return tuple([await self._commit(one) for one in await self.documents(stream)])

    async def _commit(
        self, document: dict[str, Any], torn: Torn | None = None
    ) -> Commit:
        stored: list[JSON] = document["events"]
        if not any(map(is_cut, stored)):
            return from_document(document)
        events = []
        for index, one in enumerate(stored):
            try:
                data = await whole(one["data"], self._get, texts=False)
            except (BlobNotFoundError, BlobCorruptError) as error:
                if torn is None:
                    raise
                torn(f"{document['_id']}.{index}", error)
                data = {k: value for k, value in one["data"].items() if k != BLOBS}
            events.append({**one, "data": data})
        return from_document(document, events)

    async def _get(self, digest: str) -> Any:
        return await self._blobs.get_json(Digest(digest))

    async def pages(
        self,
        stream: str,
        *,
        first: int = 1,
        size: int = PAGE,
        torn: Torn | None = None,
    ) -> AsyncGenerator[tuple[Commit, ...], None]:
        """Yield a stream's commits from `first` on, oldest first, `size` at a time.

        For streams that are too long to hold; raises as `read` does. With `torn` an
        event of which a part is gone is told to that, and stands as it was cut.
        """
        while True:
            names = [f"{stream}:{seq}" for seq in range(first, first + size)]
            found = await self.find({"_id": {"$in": names}})
            found.sort(key=lambda one: int(one["seq"]))
            if found:
                yield tuple([await self._commit(one, torn) for one in found])
            if len(found) < size:
                return
            first += size

    async def documents(self, stream: str) -> list[dict[str, Any]]:
        """Return a stream's raw documents, oldest first."""
        found = await self.find({"stream": stream})
        # Sorted here: the embedded server's `sort` scans the collection.
        return sorted(found, key=lambda one: int(one["seq"]))

    async def find(self, query: JSON) -> list[dict[str, Any]]:
        """Return the raw documents that a query finds, in no order."""
        with translating():
            return await self._collection.find(query).to_list(None)

    async def erase_state(self, stream: str, seq: int) -> bool:
        """Take the state out of one entry for good; True when there was one.

        Beside a redaction it is the one change that an entry sees, and the hash does
        not cover it: events, digest and chain stay. Append the event that says why
        first, so that a crash in between leaves a tombstone and a state to erase, never
        a silent hole.
        """
        with translating():
            done = await self._collection.update_one(
                {"_id": f"{stream}:{seq}"}, {"$unset": {"state": ""}}
            )
        return bool(done.modified_count)

    async def close(self) -> None:
        """Wait until every append has its answer, and end this process's log."""
        await self._appender.close()

    def _publish(self, commits: Sequence[Commit]) -> None:
        measure(commits)
        if self._bus is not None:
            self._bus.newest.add(commits)
            self._bus.publish(commits)
