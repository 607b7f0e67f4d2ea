"""Does something once a day, whichever process comes to it."""

import asyncio
from abc import ABC, abstractmethod

import structlog

from core.clock import Clock
from core.errors import ConflictError, StoreUnavailableError
from core.store.database import Database
from core.store.roles import Roles
from core.store.until import until

DAY = 24 * 3600.0
LOOK = 600.0
log = structlog.get_logger()


class Daily(ABC):
    """Takes a role for a day and acts once; the role is free again a day later.

    What is done must bear being cut off, and being done by two at once.
    """

    role: str

    def __init__(self, database: Database, *, holder: str, clock: Clock) -> None:
        self._holder = holder
        self._clock = clock
        self._roles = Roles(database, clock=clock)
        self._stopped = asyncio.Event()
        self._failed = False

    async def run(self) -> None:
        """Look every ten minutes whether the day is over, until `stop` is called."""
        await until(self._stopped, self._act_daily())

    def stop(self) -> None:
        """End, in the middle of it if need be."""
        self._stopped.set()

    async def is_due(self) -> bool:
        """Take the role for a day, if it is free; raises StoreUnavailableError."""
        if self._failed:
            # The day's role may be ours already, and what failed is still to be done.
            return True
        return await self._roles.take(self.role, self._holder, DAY) is not None

    @abstractmethod
    async def once(self) -> None:
        """Do it if it is due; raises StoreUnavailableError."""

    async def _act_daily(self) -> None:
        while True:
            await self._clock.sleep(LOOK)
            try:
                await self.once()
                self._failed = False
            except (StoreUnavailableError, ConflictError) as error:
                self._failed = True
                log.warning("daily.waiting", role=self.role, reason=str(error))
            except Exception:
                # Nobody waits for it, and it must not end what runs beside it.
                self._failed = True
                log.exception("daily.failed", role=self.role)
