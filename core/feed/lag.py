"""Tells the gauges how far the feed has come, and how old what it still lacks is."""

from typing_extensions import override

from core.clock import Clock
from core.events.writers import Writers
from core.feed.store import FeedPages
from core.feed.writer_logs import WriterLogs
from core.metrics.gauges import Reading
from core.metrics.journal import FEED_LAG, FEED_POSITION
from core.store.database import Database


class FeedLag(Reading):
    """Compares the feed's head with each writer's log; whoever feeds, or nobody."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._clock = clock
        self._pages = FeedPages(database)
        self._logs = WriterLogs(database)
        self._writers = Writers(database, clock=clock)
        self._hint = 0

    @override
    async def read(self) -> None:
        head = await self._pages.head(self._hint)
        self._hint = head.position
        lag = 0.0
        # Read after the head: a writer that the head no longer knows is not among them.
        for writer in await self._writers.live():
            fed = head.cursors.get(writer.name, 0)
            for waiting in await self._logs.after(writer.name, fed, limit=1):
                age = (self._clock.now() - waiting.time).total_seconds()
                lag = max(lag, age)
        FEED_LAG.set(lag)
        FEED_POSITION.set(head.position)

    @override
    def forget(self) -> None:
        FEED_LAG.forget()
        FEED_POSITION.forget()
