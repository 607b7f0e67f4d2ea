"""Takes up redactions that are not everywhere yet, whichever process comes to it."""

import asyncio

import structlog

from core.clock import Clock
from core.errors import NofxError
from core.memory.redaction import Redactions
from core.store.until import until

LOOK = 5.0
log = structlog.get_logger()


class Redactor:
    """Looks every five seconds for what is due; several of them share the work."""

    def __init__(self, redactions: Redactions, *, clock: Clock) -> None:
        self._redactions = redactions
        self._clock = clock
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Go on with what is due, until `stop` is called."""
        await until(self._stopped, self._act())

    def stop(self) -> None:
        """End, in the middle of one if need be: another goes on with it."""
        self._stopped.set()

    async def _act(self) -> None:
        while True:
            await self._clock.sleep(LOOK)
            try:
                await self._redactions.take_up()
            except NofxError as error:
                log.warning("memory.redactions_waiting", reason=str(error))
            except Exception:
                # Nobody waits for it, and it must not end what runs beside it.
                log.exception("memory.redactions_failed")
