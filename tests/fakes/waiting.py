"""Waits for what other tasks bring about, without guessing how long it takes."""

import asyncio
from collections.abc import Callable


async def eventually(happened: Callable[[], bool]) -> None:
    """Return once `happened()` is true; a test's time-out ends what never is."""
    while True:
        if happened():
            return
        await asyncio.sleep(0.01)
