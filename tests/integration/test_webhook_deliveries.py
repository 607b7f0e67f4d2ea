"""The store of deliveries: claims, times, and what the database refuses."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import DeliveryState
from core.clock import SystemClock
from core.errors import (
    DeliveryNotFoundError,
)
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.inboxes import (
    arrive,
    document,
    stored_in,
    take,
)


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database that has the collection of deliveries."""
    return await stored_in(database)


@pytest.fixture
def deliveries(store: Database) -> Deliveries:
    """Give the store of deliveries."""
    return Deliveries(store, clock=SystemClock())


async def test_only_a_dead_delivery_can_be_redelivered(
    deliveries: Deliveries,
) -> None:
    """What waits, or is unknown, is refused by name."""
    await arrive(deliveries, "a")

    for guid in ("a", "unknown"):
        with pytest.raises(DeliveryNotFoundError, match=guid):
            await deliveries.redeliver(guid)


async def test_two_claims_of_one_candidate_have_one_winner(
    deliveries: Deliveries,
) -> None:
    """The list may be old; the compare-and-set decides."""
    await arrive(deliveries, "a")
    (candidate,) = await deliveries.due(DeliveryState.RECEIVED, most=10)

    claims = await asyncio.gather(
        *(deliveries.claim(candidate, owner=f"w{n}", seconds=30) for n in range(8))
    )

    assert sum(claim is not None for claim in claims) == 1
    assert await deliveries.due(DeliveryState.RECEIVED, most=10) == []
    assert await deliveries.due(DeliveryState.PROCESSING, most=10) == []


async def test_a_long_backlog_is_listed_in_parts(
    deliveries: Deliveries,
) -> None:
    """A thousand may wait; what is read at a time stays short."""
    await asyncio.gather(*(arrive(deliveries, f"g{n}") for n in range(30)))

    assert len(await deliveries.due(DeliveryState.RECEIVED, most=7)) == 7


async def test_a_failure_waits_for_its_time(store: Database) -> None:
    """Put back for later, it is not due before."""
    clock = FakeClock()
    deliveries = Deliveries(store, clock=clock)
    await arrive(deliveries, "a")
    claimed = await take(deliveries, seconds=30)

    later = clock.now() + timedelta(seconds=60)
    assert await deliveries.put_back(claimed, due_at=later, reason="away")

    clock.jump(59)
    assert await deliveries.due(DeliveryState.RECEIVED, most=10) == []
    clock.jump(1)
    assert len(await deliveries.due(DeliveryState.RECEIVED, most=10)) == 1


ILLEGAL: dict[str, dict[str, Any]] = {
    "an unknown state": {"$set": {"state": "lost"}},
    "work without a lease": {"$set": {"state": "processing"}},
    "a lease without work": {
        "$set": {"lease": {"owner": "x", "token": "y", "until": SystemClock().now()}}
    },
    "an end that is never purged": {"$set": {"state": "done"}},
    "a purge of what is open": {"$set": {"purge_after": SystemClock().now()}},
    "a death without a reason": {
        "$set": {"state": "dead", "purge_after": SystemClock().now()}
    },
    "a purge date that TTL ignores": {
        "$set": {"state": "done", "purge_after": "tomorrow"}
    },
}


@pytest.mark.parametrize("what", ILLEGAL)
async def test_the_database_itself_refuses(
    deliveries: Deliveries, store: Database, what: str
) -> None:
    """A state that makes no sense cannot be stored, by whatever program."""
    await arrive(deliveries, "a")
    before = await document(store, "a")

    with pytest.raises(Exception, match="Document failed validation"):
        await store.db.deliveries.update_one({"_id": "a"}, ILLEGAL[what])

    assert await document(store, "a") == before
