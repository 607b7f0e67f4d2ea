"""Deletes bundles once a day whose days are over, whichever process comes to it."""

import structlog
from typing_extensions import override

from core.clock import Clock
from core.rca.store import BundleStore
from core.store.daily import Daily
from core.store.database import Database

log = structlog.get_logger()


class BundleSweeper(Daily):
    """Deletes what is due and what dead builders left; safe to be cut off."""

    role = "bundle-sweeper"

    def __init__(
        self, database: Database, store: BundleStore, *, holder: str, clock: Clock
    ) -> None:
        super().__init__(database, holder=holder, clock=clock)
        self._store = store

    @override
    async def once(self) -> None:
        if await self.is_due():
            log.info("bundles.swept", deleted=await self._store.sweep())
