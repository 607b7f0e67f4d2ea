"""The feed's pages in the database, found by bounded lookups alone."""

from core.events.base import JSON
from core.feed.floor import Floor
from core.feed.page import COLLECTION, MOST_ENTRIES, FeedEntry, Head, Page, head_of
from core.store.database import Database, Document, DuplicateKeyError, translating


class FeedPages:
    """Inserts pages and finds them; every method raises StoreUnavailableError.

    A page holds position p exactly when its `to` is the first at or after p, and no
    page is longer than MOST_ENTRIES: so ranges over `to` stay short.
    """

    def __init__(self, database: Database) -> None:
        self._pages = database.db[COLLECTION]
        self._floor = Floor(database)

    async def insert(self, page: Page) -> bool:
        """Add the next page; False when another feeder has already added one there."""
        with translating():
            try:
                await self._pages.insert_one(page.document())
            except DuplicateKeyError:
                return False
        return True

    async def holding(self, first: int, last: int) -> list[Document]:
        """Return the pages that hold positions from `first` to `last`, in order."""
        bounds = {"$gte": first, "$lt": last + MOST_ENTRIES}
        with translating():
            found = await self._pages.find({"to": bounds}).to_list(None)
        return sorted(
            (page for page in found if page["from"] <= last),
            key=lambda page: int(page["to"]),
        )

    async def put_data(self, entry: FeedEntry, data: JSON) -> bool:
        """Give an entry other data; False when its page is not there any more."""
        changed = False
        for page in await self.holding(entry.position, entry.position):
            place = f"entries.{entry.position - page['from']}"
            key = {"_id": page["_id"], f"{place}.id": entry.id}
            with translating():
                done = await self._pages.update_one(
                    key, {"$set": {f"{place}.data": data}}
                )
            changed = changed or bool(done.modified_count)
        return changed

    async def drop(self, before: int, *, since: int) -> None:
        """Delete the pages that end before a position; `since` is where any may be."""
        with translating():
            await self._pages.delete_many({"to": {"$gte": since, "$lt": before}})

    async def reaches(self, position: int) -> bool:
        """Return whether a page holds this position, or ends soon after it."""
        return await self._furthest(position) is not None

    async def head(self, hint: int = 0) -> Head:
        """Return the feed's head; `hint` is a position where a page once ended.

        The nearer the hint is to the end, the fewer lookups it takes: two when it is
        the end, a logarithm of what lies between otherwise.
        """
        known = hint and await self._page_that_ends(hint)
        start = hint if known else await self._floor.oldest() - 1
        low = start
        step = 1
        while (found := await self._furthest(low + step)) is not None:
            low, step = found, step * 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            found = await self._furthest(middle)
            low, high = (low, middle) if found is None else (found, high)
        page = await self._page_that_ends(low) if low > start or known else None
        if page is None and await self._floor.oldest() > start + 1:
            return await self.head(hint)  # what it looked at was trimmed meanwhile
        return head_of(page) if page else Head()

    async def _page_that_ends(self, position: int) -> Document | None:
        with translating():
            found: Document | None = await self._pages.find_one({"to": position})
        return found

    async def _furthest(self, position: int) -> int | None:
        """Return the last end of a page near and past `position`; None past the end."""
        bounds = {"$gte": position, "$lt": position + MOST_ENTRIES}
        with translating():
            found = await self._pages.find({"to": bounds}, {"to": 1}).to_list(None)
        return max((int(page["to"]) for page in found), default=None)
