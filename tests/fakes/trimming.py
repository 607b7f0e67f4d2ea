"""Trims the feed for tests of what reads it, as if every story were over."""

import asyncio
from datetime import datetime, timedelta

from core.clock import Clock
from core.feed.trim import Trimmed, Trimmer
from core.store.database import Database


async def trimmed(database: Database, clock: Clock) -> Trimmed:
    """Delete all pages but the last, however young they are."""

    async def over(_: str, __: datetime) -> bool:
        await asyncio.sleep(0)
        return True

    trimmer = Trimmer(database, holder="t", clock=clock, is_over=over)
    return await trimmer.trim(timedelta(seconds=-1))
