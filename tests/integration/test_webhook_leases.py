"""A delivery is one worker's at a time, and never a dead worker's for long."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.webhooks.attempt import InboxPolicy
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.clock import SystemClock
from core.store.database import Database
from tests.fakes.inboxes import (
    SHORT_LEASE,
    arrive,
    document,
    ended,
    forever,
    stored_in,
    take,
    working,
)
from tests.fakes.waiting import eventually


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database that has the collection of deliveries."""
    return await stored_in(database)


@pytest.fixture
def deliveries(store: Database) -> Deliveries:
    """Give the store of deliveries."""
    return Deliveries(store, clock=SystemClock())


async def test_what_a_killed_worker_held_is_done_by_another(
    deliveries: Deliveries, store: Database
) -> None:
    """Once its lease has run out; then the first may write no more."""
    await arrive(deliveries, "a")
    lost = await take(deliveries, seconds=0.05)
    attempts: list[int] = []

    async def handle(delivery: Delivery) -> Outcome:
        attempts.append(delivery.attempts)
        return Done()

    async with working(deliveries, handle):
        (a,) = await ended(store, "a")

    assert attempts == [2]
    assert a["state"] == "done"
    assert not await deliveries.finish(lost, Ignored("too late"))
    assert not await deliveries.extend(lost, seconds=60)
    assert not await deliveries.bury(lost, "too late")
    assert not await deliveries.put_back(lost, due_at=SystemClock().now())
    assert (await document(store, "a"))["state"] == "done"


async def test_a_delivery_that_kills_its_workers_is_dead_in_the_end(
    deliveries: Deliveries, store: Database
) -> None:
    """Workers that vanish count as attempts, or they would be killed for ever."""
    await arrive(deliveries, "a")
    await store.db.deliveries.update_one({"_id": "a"}, {"$set": {"attempts": 2}})
    await take(deliveries, seconds=0.05)
    handled: list[str] = []

    async def handle(delivery: Delivery) -> Outcome:
        handled.append(delivery.guid)
        return Done()

    async with working(deliveries, handle):
        (a,) = await ended(store, "a")

    assert (a["state"], a["attempts"]) == ("dead", 4)
    assert "lost" in a["reason"]
    assert handled == []


async def test_a_lease_is_prolonged_while_the_handler_works(
    deliveries: Deliveries, store: Database
) -> None:
    """Work that takes longer than the lease is still done by one worker alone."""
    handled: Counter[str] = Counter()

    async def handle(delivery: Delivery) -> Outcome:
        handled[delivery.guid] += 1
        first = (await document(store, delivery.guid))["lease"]["until"]
        clock = SystemClock()
        await eventually(lambda: clock.now() > first + timedelta(seconds=0.1))
        return Done()

    await arrive(deliveries, "a")
    async with (
        working(deliveries, handle, policy=SHORT_LEASE),
        working(
            Deliveries(store, clock=SystemClock()),
            handle,
            policy=SHORT_LEASE,
            owner="worker-2",
        ),
    ):
        (a,) = await ended(store, "a")

    assert handled == {"a": 1}
    assert (a["state"], a["attempts"]) == ("done", 1)


async def test_who_loses_the_lease_stops(
    deliveries: Deliveries, store: Database
) -> None:
    """A worker that finds another's token under its delivery gives up its handler."""
    cancelled = asyncio.Event()

    async def handle(delivery: Delivery) -> Outcome:
        change = {"$set": {"lease.token": "claim_of_another"}}
        await store.db.deliveries.update_one({"_id": delivery.guid}, change)
        try:
            return await forever(delivery)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await arrive(deliveries, "a")
    patient = InboxPolicy(lease=60, heartbeat=0.02, poll=0.02)
    async with working(deliveries, handle, policy=patient) as inbox:
        await cancelled.wait()

    assert inbox.counts == {"lease_lost": 1}
    assert (await document(store, "a"))["lease"]["token"] == "claim_of_another"


async def test_a_lease_lost_at_the_end_changes_nothing(
    deliveries: Deliveries, store: Database
) -> None:
    """The handler was done, but the delivery is another's by then."""

    async def handle(delivery: Delivery) -> Outcome:
        change = {"$set": {"lease.token": "claim_of_another"}}
        await store.db.deliveries.update_one({"_id": delivery.guid}, change)
        return Done()

    await arrive(deliveries, "a")
    async with working(deliveries, handle) as inbox:
        await eventually(lambda: inbox.counts.total() > 0)

    assert inbox.counts == {"lease_lost": 1}
    assert (await document(store, "a"))["state"] == "processing"


async def test_stopping_lets_work_in_hand_come_to_its_end(
    deliveries: Deliveries, store: Database
) -> None:
    """Nothing new is taken; what was begun is finished, even with every place full."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(_: Delivery) -> Outcome:
        begun.set()
        await go_on.wait()
        return Done()

    single = InboxPolicy(concurrency=1, poll=0.02)
    await arrive(deliveries, "a", "b")
    async with working(deliveries, handle, policy=single) as inbox:
        await begun.wait()
        inbox.stop()
        await asyncio.sleep(0)
        go_on.set()

    states = sorted([(await document(store, guid))["state"] for guid in "ab"])
    assert states == ["done", "received"]


async def test_what_cannot_be_finished_in_time_is_put_back(
    deliveries: Deliveries, store: Database
) -> None:
    """Another worker may begin at once; the attempt shows, and does not count."""
    hasty = InboxPolicy(poll=0.02, drain=0.01)
    begun = asyncio.Event()

    async def handle(delivery: Delivery) -> Outcome:
        begun.set()
        return await forever(delivery)

    await arrive(deliveries, "a")
    async with working(deliveries, handle, policy=hasty):
        await begun.wait()

    a = await document(store, "a")
    assert (a["state"], a["attempts"], a["excused"]) == ("received", 1, 1)
    assert "lease" not in a
