"""The deliveries of which something is still to be told, in their own collection.

Each bears a mark: the name of the process that is to tell of it, and for what happened
after its arrival a suffix that no other has. Whoever has told takes the mark away, if
it is still the one that was read, for many deliveries in one write.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from bot.webhooks.delivery_schema import COLLECTION
from bot.webhooks.news import Untold, news_of
from bot.webhooks.place import Place
from core.clock import Clock
from core.store.database import Database, Document, UpdateMany, translating

# What another process did so recently it is about to tell by itself.
LEFT = timedelta(seconds=5)
SHOWN = dict.fromkeys(
    ("event", "action", "repository", "pull", "installation_id", "announce", "untold"),
    1,
)
# What follows the dot of a suffix: the end of all marks of one process.
AFTER_DOT = "/"


def mark(name: str, token: str) -> str:
    """Return the mark of something that process `name` did under a token of its own."""
    return f"{name}.{token}"


class Outbox:
    """Finds what is untold by its mark, and takes the mark away.

    `name` marks what this process is to tell. Every method raises
    StoreUnavailableError.
    """

    def __init__(self, database: Database, *, name: str, clock: Clock) -> None:
        self._deliveries = database.db[COLLECTION]
        self._name = name
        self._clock = clock

    async def own(self, *, most: int) -> list[Untold]:
        """Return up to `most` deliveries that this process is to tell of."""
        bounds = {"$gte": self._name, "$lt": self._name + AFTER_DOT}
        return await self._find(bounds, most)

    async def left(self, *, most: int) -> list[Untold]:
        """Return deliveries that some process should have told of a while ago."""
        found = await self._find({"$gt": ""}, most)
        before = self._clock.now() - LEFT
        return [one for one in found if one.news[-1].at <= before]

    async def told(self, deliveries: Iterable[Untold]) -> None:
        """Take away the marks of those of which there is no other news by now."""
        guids: dict[str, list[str]] = defaultdict(list)
        for one in deliveries:
            guids[one.mark].append(one.guid)
        gone = {"$unset": {"announce": "", "untold": ""}}
        changes = [
            UpdateMany({"_id": {"$in": listed}, "announce": mark}, gone)
            for mark, listed in guids.items()
        ]
        with translating():
            if changes:
                await self._deliveries.bulk_write(changes, ordered=False)

    async def _find(self, marks: object, most: int) -> list[Untold]:
        # The batch size bounds what is sent; `limit` makes the embedded server scan.
        cursor = self._deliveries.find({"announce": marks}, SHOWN).batch_size(most)
        with translating():
            found = await cursor.to_list(most)
            await cursor.close()
        return [_untold(one) for one in found]


def _untold(document: Document) -> Untold:
    return Untold(
        guid=document["_id"],
        event=document["event"],
        action=document.get("action"),
        place=Place(
            repository=document.get("repository"),
            pull=document.get("pull"),
            installation_id=document.get("installation_id"),
        ),
        mark=document["announce"],
        news=tuple(news_of(one) for one in document["untold"]),
    )
