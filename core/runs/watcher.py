"""Wakes idle workers when another process queues a run, where the server tells."""

import asyncio
import random
from contextlib import suppress

import structlog

from core.errors import ChangesMissingError, StoreUnavailableError
from core.runs.queue import COLLECTION
from core.runs.service import Runs
from core.store.database import Database, Document

# A run that lines up gets a lane, whether it is new there or came back.
LINES_UP: Document = {
    "$or": [
        {"fullDocument.lane": {"$exists": True}},
        {"updateDescription.updatedFields.lane": {"$exists": True}},
    ]
}
AGAIN = 5.0
log = structlog.get_logger()


class Watcher:
    """Follows one change stream for the whole process; what it misses is polled for.

    One that is not `wanted` does nothing.
    """

    def __init__(self, database: Database, runs: Runs, *, wanted: bool = True) -> None:
        self._database = database
        self._runs = runs
        self._wanted = wanted
        self._following: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Follow the stream until `stop`; return when the server has none."""
        if not self._wanted:
            return
        self._following = asyncio.create_task(self._follow())
        with suppress(asyncio.CancelledError):
            await self._following

    def stop(self) -> None:
        """Let go of the stream."""
        if self._following is not None:
            self._following.cancel()

    async def _follow(self) -> None:
        while True:
            try:
                async with self._database.changes(COLLECTION, LINES_UP) as changes:
                    # Something may have lined up while nobody watched.
                    self._runs.wake.set()
                    async for _ in changes:
                        self._runs.wake.set()
            except ChangesMissingError as error:
                log.info("queue.polled", reason=str(error))
                return
            except StoreUnavailableError as error:
                log.warning("queue.unwatched", reason=str(error))
            pause = AGAIN * random.uniform(0.5, 1.5)  # noqa: S311 # jitter
            await self._runs.clock.sleep(pause)
