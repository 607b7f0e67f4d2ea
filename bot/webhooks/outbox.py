"""The deliveries of which something is still to be told, in their own collection."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from bot.webhooks.delivery_schema import COLLECTION
from bot.webhooks.news import Untold, news_of
from bot.webhooks.place import Place
from core.clock import Clock
from core.store.database import Database, Document, UpdateOne, translating

# What another process did so recently it is about to tell by itself.
LEFT = timedelta(seconds=5)
SHOWN = dict.fromkeys(
    ("event", "action", "repository", "pull", "installation_id", "untold"), 1
)


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
        return await self._find(self._name, most)

    async def left(self, *, most: int) -> list[Untold]:
        """Return deliveries that some process should have told of a while ago."""
        found = await self._find({"$gt": ""}, most)
        before = self._clock.now() - LEFT
        return [one for one in found if one.news[-1].at <= before]

    async def told(self, deliveries: Iterable[Untold]) -> None:
        """Take away the marks of those of which there is no other news by now."""
        gone = {"$unset": {"announce": "", "untold": ""}}
        changes = [
            UpdateOne({"_id": one.guid, "untold": _stored(one)}, gone)
            for one in deliveries
        ]
        with translating():
            if changes:
                await self._deliveries.bulk_write(changes, ordered=False)

    async def _find(self, mark: object, most: int) -> list[Untold]:
        # The batch size bounds what is sent; `limit` makes the embedded server scan.
        cursor = self._deliveries.find({"announce": mark}, SHOWN).batch_size(most)
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
        news=tuple(news_of(one) for one in document["untold"]),
    )


def _stored(one: Untold) -> list[dict[str, Any]]:
    return [news.document() for news in one.news]
