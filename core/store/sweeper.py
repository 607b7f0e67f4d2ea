"""Sweeps unreferenced blobs away once a day, whichever process comes to it."""

import structlog
from typing_extensions import override

from core.clock import Clock
from core.store.blobs import SOON, Blobs, Digest
from core.store.daily import Daily
from core.store.database import Database
from core.store.garbage import Swept, collect
from core.store.roles import Roles

MINUTE = 60.0
log = structlog.get_logger()


class Sweeper(Daily):
    """Sweeps; nothing is lost when it is cut off, or two do: see garbage.py."""

    role = "blob-sweeper"

    def __init__(self, database: Database, *, holder: str, clock: Clock) -> None:
        super().__init__(database, holder=holder, clock=clock)
        self._database = database

    @override
    async def once(self) -> None:
        await self.sweep_once()

    async def sweep_once(self) -> Swept | None:
        """Sweep, unless somebody has within a day; raises StoreUnavailableError."""
        if not await self.is_due():
            return None
        swept = await collect(self._database, self._clock)
        log.info(
            "blobs.swept", deleted=swept.deleted, bytes=swept.bytes, kept=swept.kept
        )
        return swept


async def swept_soon(database: Database, digest: str, *, clock: Clock) -> None:
    """Have a blob that was erased elsewhere swept away in hours, not in days.

    What something else still names stays. Raises StoreUnavailableError.
    """
    await Blobs(database, clock=clock).let_go(Digest(digest))
    roles = Roles(database, clock=clock)
    await roles.hasten(Sweeper.role, SOON.total_seconds() + MINUTE)
