"""Inboxes for the tests that store deliveries and let them be worked."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

from bot.webhooks.attempt import InboxPolicy
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery, DeliveryState, arrived
from bot.webhooks.inbox import Inbox
from bot.webhooks.outcome import Done, Outcome
from core.clock import SystemClock
from core.store.database import Database, Document
from tests.fakes.kept import with_schema

# Waits that suit a test; the order of things is what is tested, not their speed.
QUICK = InboxPolicy(
    concurrency=4,
    candidates=10,
    lease=30,
    heartbeat=10,
    poll=0.02,
    backoff=0.01,
    most_backoff=0.02,
    most_attempts=3,
    drain=10,
)


SHORT_LEASE = InboxPolicy(lease=1.0, heartbeat=0.1, poll=0.02)


Handle = Callable[[Delivery], Coroutine[object, object, Outcome]]


async def stored_in(database: Database) -> Database:
    """Return the database with the collection of deliveries in it."""
    await with_schema(database)
    return database


async def arrive(deliveries: Deliveries, *guids: str) -> None:
    """Store a delivery for each GUID."""
    for guid in guids:
        body = f'{{"action": "opened", "guid": "{guid}"}}'.encode()
        await deliveries.add(
            arrived(guid=guid, event="pull_request", action="opened", body=body)
        )


async def document(store: Database, guid: str) -> Document:
    """Return a delivery as it stands in the database."""
    found = await store.db.deliveries.find_one({"_id": guid})
    assert found is not None
    return found


async def ended(store: Database, *guids: str) -> list[Document]:
    """Return the deliveries once none of them is open any more."""
    while True:
        found = [await document(store, guid) for guid in guids]
        if not {each["state"] for each in found} & {"received", "processing"}:
            return found
        await asyncio.sleep(0.01)


@asynccontextmanager
async def working(
    deliveries: Deliveries,
    handle: Handle,
    *,
    policy: InboxPolicy = QUICK,
    owner: str = "worker-1",
) -> AsyncIterator[Inbox]:
    """Run an inbox, and stop it cleanly in the end."""
    inbox = Inbox(
        deliveries=deliveries,
        handle=handle,
        owner=owner,
        clock=SystemClock(),
        policy=policy,
    )
    running = asyncio.create_task(inbox.run())
    try:
        yield inbox
    finally:
        inbox.stop()
        await running


async def done(_: Delivery) -> Outcome:
    """Handle whatever comes."""
    return Done()


async def forever(_: Delivery) -> Outcome:
    """Never come to an end."""
    await asyncio.Event().wait()
    raise AssertionError


async def take(deliveries: Deliveries, *, seconds: float) -> Delivery:
    """Claim the one delivery that is due, as a worker that then vanishes."""
    (candidate,) = await deliveries.due(DeliveryState.RECEIVED, most=10)
    claimed = await deliveries.claim(candidate, owner="lost", seconds=seconds)
    assert claimed is not None
    return claimed
