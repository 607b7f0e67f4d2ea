"""Keeps reviews and commands going when memory cannot be used, and says so once."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from core.errors import MemoryOffError, NofxError
from core.metrics.memory import UNUSED

PATIENCE = 30.0
T = TypeVar("T")
log = structlog.get_logger()


class Guard:
    """Logs a reason when it first comes, and again once memory was of use meanwhile."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    async def tried(self, use: str, work: Awaitable[T], otherwise: T) -> T:
        """Return what the work gives, or `otherwise` where memory is off or away."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await work
        except MemoryOffError:
            return otherwise
        except (NofxError, TimeoutError) as error:
            UNUSED.inc(use=use)
            kind = type(error).__name__
            if kind not in self._said:
                self._said.add(kind)
                reason = str(error) or f"no answer within {PATIENCE:.0f} s"
                log.warning("memory.unused", use=use, reason=reason)
            return otherwise
        self._said.clear()
        return found
