"""Sweeps unreferenced blobs away once a day, whichever process comes to it."""

import asyncio
from contextlib import suppress

import structlog

from core.clock import Clock
from core.errors import StoreUnavailableError
from core.store.database import Database
from core.store.garbage import Swept, collect
from core.store.roles import Roles

ROLE = "blob-sweeper"
DAY = 24 * 3600.0
LOOK = 600.0
log = structlog.get_logger()


class Sweeper:
    """Takes the role for a day and sweeps once; the role is free again a day later.

    Nothing is lost when a sweep is cut off, or when two run at once: see garbage.py.
    """

    def __init__(self, database: Database, *, holder: str, clock: Clock) -> None:
        self._database = database
        self._holder = holder
        self._clock = clock
        self._roles = Roles(database, clock=clock)
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Look every ten minutes whether the day is over, until `stop` is called."""
        sweeping = asyncio.create_task(self._sweep_daily())
        stopped = asyncio.create_task(self._stopped.wait())
        await asyncio.wait({sweeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (sweeping, stopped):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def stop(self) -> None:
        """End, in the middle of a sweep if need be."""
        self._stopped.set()

    async def sweep_once(self) -> Swept | None:
        """Sweep, unless somebody has within a day; raises StoreUnavailableError."""
        lease = await self._roles.take(ROLE, self._holder, DAY)
        if lease is None:
            return None
        swept = await collect(self._database, self._clock)
        log.info(
            "blobs.swept", deleted=swept.deleted, bytes=swept.bytes, kept=swept.kept
        )
        return swept

    async def _sweep_daily(self) -> None:
        while True:
            await self._clock.sleep(LOOK)
            try:
                await self.sweep_once()
            except StoreUnavailableError as error:
                log.warning("blobs.not_swept", reason=str(error))
            except Exception:
                # It costs space alone, and must not end what runs beside it.
                log.exception("blobs.sweep_failed")
