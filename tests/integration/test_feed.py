"""The feed over the real database: order, pages, roles, retirement, reading."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Ids, SystemClock
from core.errors import ConcurrencyError
from core.events.bus import Bus
from core.events.commit import Draft
from core.events.feed import FEED_COLLECTIONS, MOST_ENTRIES, ROLE, FeedEntry
from core.events.feed_reader import FeedReader
from core.events.feeder import Feeder, Pace
from core.events.journal import Journal
from core.events.schema import RunSuperseded
from core.runs.constraints import collections
from core.store.database import Database, DuplicateKeyError, is_validation_failure
from core.store.migrate import migrate
from core.store.roles import Roles
from core.store.schema import Schema
from tests.fakes.clock import FakeClock


async def test_probe(database: Database) -> None:
    await migrate(database, Schema(version=1, collections=(*collections(), *FEED_COLLECTIONS)))
    clock = SystemClock()
    bus = Bus()
    journals = [Journal(database, clock=clock, ids=Ids(clock), bus=bus) for _ in range(2)]
    import time
    async def fill(j, s):
        for seq in range(1, 21):
            await journals[(j+seq)%2].append(Draft(stream=f"x/{s}", seq=seq, time=clock.now(), events=tuple(RunSuperseded(by_run=f"r{seq}", head_sha="a"*40) for _ in range(3))))
    feeder = Feeder(database, holder="f", clock=clock, bus=bus)
    task = asyncio.create_task(feeder.run())
    t=time.time()
    await asyncio.gather(*(fill(k%2, k) for k in range(20)))
    print("append", time.time()-t)
    reader = FeedReader(database)
    while await reader.head() < 1200: await asyncio.sleep(0.01)
    print("fed", time.time()-t)
    for j in journals: await j.close()
    while await reader.head() < 1202: await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    feeder.stop(); await task
    got = []
    while page := await reader.after(len(got), limit=77): got.extend(page)
    print(len(got), got[0], got[-1])
    print(await database.db["feed"].find({}, {"from":1,"to":1,"cursors":1}).to_list(None))
    print(await database.db["writers"].find({}).to_list(None))
    print(await database.db["roles"].find({}).to_list(None))
    t=time.time()
    for _ in range(20): await feeder._round.reload(0)
    print("reload", (time.time()-t)/20)
