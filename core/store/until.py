"""Lets what runs for ever be ended by whoever started it."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


async def until(stopped: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends or `stopped` is set; it is cancelled then."""
    acting = asyncio.create_task(work)
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({acting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (acting, waiting):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
