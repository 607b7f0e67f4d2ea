"""The sealed contents of workspaces in MongoDB: each once a session."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from core.memory.schema import CONTENTS
from core.store.database import (
    BulkWriteError,
    Database,
    Document,
    refusals,
    translating,
)

T = TypeVar("T")
BATCH = 64


class Contents:
    """Keeps contents by `session:name`; each method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._contents = database.db[CONTENTS]

    async def known(self, ids: Collection[str]) -> frozenset[str]:
        """Return those of the ids that are stored."""
        found: set[str] = set()
        for batch in _batches(sorted(ids)):
            with translating():
                some = await self._contents.find(
                    {"_id": {"$in": list(batch)}}, {"_id": 1}
                ).to_list(None)
            found |= {str(one["_id"]) for one in some}
        return frozenset(found)

    async def add(self, documents: Sequence[Document]) -> None:
        """Store contents; one that another has stored meanwhile stays as it is."""
        for batch in _batches(documents):
            with translating():
                try:
                    await self._contents.insert_many(list(batch), ordered=False)
                except BulkWriteError as error:
                    if not all(refusal.duplicate for refusal in refusals(error)):
                        raise

    async def get(self, content_id: str) -> Document | None:
        """Return one stored content."""
        with translating():
            found: Document | None = await self._contents.find_one({"_id": content_id})
        return found

    async def of_session(self, session_id: str) -> list[Document]:
        """Return what is stored for a session, without what is sealed."""
        with translating():
            return await self._contents.find(
                {"session": session_id}, {"sealed": 0}
            ).to_list(None)

    async def replace(self, document: Document) -> None:
        """Put a content in the place of the one that is there."""
        with translating():
            await self._contents.replace_one({"_id": document["_id"]}, document)


def _batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))
