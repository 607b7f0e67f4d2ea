"""Hints inside a process that a run can be claimed; the queue is what is right."""

import asyncio
from collections import deque
from contextlib import suppress

from core.runs.model import Run

MOST = 100


class Wake:
    """Wakes idle workers; runs that are at hand need not be looked up again."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._noted: deque[Run] = deque(maxlen=MOST)
        self._unnamed = False

    def set(self) -> None:
        """Say that something is due, whatever it is."""
        self._unnamed = True
        self._event.set()

    def note(self, run: Run) -> None:
        """Say that this run is due, as it is now."""
        # What no longer fits is found by looking.
        self._unnamed = self._unnamed or len(self._noted) == MOST
        self._noted.append(run)
        self._event.set()

    def noted(self) -> list[Run]:
        """Return the runs that were named since the last call."""
        runs = list(self._noted)
        self._noted.clear()
        return runs

    def unnamed(self) -> bool:
        """Return whether, since the last call, something unnamed became due."""
        unnamed, self._unnamed = self._unnamed, False
        return unnamed

    async def rest(self, seconds: float) -> None:
        """Wait until something is due in this process, or for `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()
