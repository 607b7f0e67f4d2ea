"""The inbox goes on when the database fails it."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.webhooks.attempt import InboxPolicy
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Candidate, Delivery, DeliveryState
from bot.webhooks.delivery_schema import DELIVERIES
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.clock import SystemClock
from core.errors import (
    StoreUnavailableError,
)
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.inboxes import (
    SHORT_LEASE,
    arrive,
    document,
    done,
    ended,
    forever,
    stored_in,
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


class Faulty(Deliveries):
    """The store, but for calls that it is told to fail."""

    failing: frozenset[str] = frozenset()

    def _fail(self, name: str) -> None:
        if name in self.failing:
            raise StoreUnavailableError(reason=f"no {name} today")

    @override
    async def due(self, state: DeliveryState, *, most: int) -> list[Candidate]:
        self._fail("due")
        return await super().due(state, most=most)

    @override
    async def extend(self, delivery: Delivery, *, seconds: float) -> bool:
        self._fail("extend")
        return await super().extend(delivery, seconds=seconds)

    @override
    async def finish(self, delivery: Delivery, outcome: Outcome) -> bool:
        self._fail("finish")
        return await super().finish(delivery, outcome)

    @override
    async def put_back(
        self, delivery: Delivery, *, due_at: datetime, reason: str | None = None
    ) -> bool:
        self._fail("put_back")
        return await super().put_back(delivery, due_at=due_at, reason=reason)


async def test_who_cannot_prolong_the_lease_stops_in_time(store: Database) -> None:
    """Without heartbeats another worker takes over, so the handler is given up."""
    deliveries = Faulty(store, clock=SystemClock())
    deliveries.failing = frozenset({"extend"})
    begun: list[int] = []

    async def handle(delivery: Delivery) -> Outcome:
        begun.append(delivery.attempts)
        return Done() if delivery.attempts > 1 else await forever(delivery)

    await arrive(deliveries, "a")
    async with working(deliveries, handle, policy=SHORT_LEASE) as inbox:
        await ended(store, "a")

    assert begun[:2] == [1, 2]
    assert inbox.counts["lease_lost"] >= 1
    assert inbox.counts["done"] == 1


async def test_an_end_that_cannot_be_written_is_worked_again(store: Database) -> None:
    """Handled, but nobody knows: after the lease another attempt finds out."""
    deliveries = Faulty(store, clock=SystemClock())
    deliveries.failing = frozenset({"finish"})
    attempts: list[int] = []

    async def handle(delivery: Delivery) -> Outcome:
        attempts.append(delivery.attempts)
        if delivery.attempts > 1:
            deliveries.failing = frozenset()
        return Done()

    await arrive(deliveries, "a")
    async with working(deliveries, handle, policy=SHORT_LEASE) as inbox:
        await ended(store, "a")

    assert attempts[:2] == [1, 2]
    assert inbox.counts["done"] == 1


async def test_a_store_that_does_not_answer_is_asked_again(store: Database) -> None:
    """The inbox says so in the log and polls on."""
    deliveries = Faulty(store, clock=SystemClock())
    deliveries.failing = frozenset({"due"})
    await arrive(deliveries, "a")

    with capture_logs() as logs:
        async with working(deliveries, done):
            await eventually(lambda: len(logs) > 1)
            deliveries.failing = frozenset()
            await ended(store, "a")

    assert logs[0]["event"] == "inbox.store_away"


async def test_a_stop_does_not_depend_on_the_database(store: Database) -> None:
    """What cannot be put back waits for its lease to run out."""
    deliveries = Faulty(store, clock=SystemClock())
    deliveries.failing = frozenset({"put_back"})
    begun = asyncio.Event()

    async def handle(delivery: Delivery) -> Outcome:
        begun.set()
        return await forever(delivery)

    await arrive(deliveries, "a")
    hasty = InboxPolicy(poll=0.02, drain=0.01)
    async with working(deliveries, handle, policy=hasty):
        await begun.wait()

    assert (await document(store, "a"))["state"] == "processing"


async def test_an_end_that_the_database_refuses_is_not_lost(
    deliveries: Deliveries, store: Database
) -> None:
    """A bug in a handler's outcome is logged and counted, and worked again."""

    async def handle(delivery: Delivery) -> Outcome:
        return Ignored("") if delivery.attempts == 1 else Done()

    await arrive(deliveries, "a")
    async with working(deliveries, handle, policy=SHORT_LEASE) as inbox:
        (a,) = await ended(store, "a")

    assert a["state"] == "done"
    assert (inbox.counts["broken"], inbox.counts["done"]) == (1, 1)


async def test_an_inbox_outlives_its_database(tmp_path: Path) -> None:
    """The server goes away in the middle of work and comes back: all is done."""
    server = EmbeddedServer(tmp_path, clock=SystemClock())
    await server.open()
    database = connect(server.url, embedded=True, selection_timeout=0.2)
    try:
        await migrate(database, Schema(version=1, collections=(DELIVERIES,)))
        deliveries = Deliveries(database, clock=SystemClock(), patience=20)
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def handle(_: Delivery) -> Outcome:
            begun.set()
            await go_on.wait()
            return Done()

        await arrive(deliveries, "a")
        steady = InboxPolicy(heartbeat=0.05, poll=0.05)
        with capture_logs() as logs:
            async with working(deliveries, handle, policy=steady) as inbox:
                await begun.wait()
                await server.close()
                go_on.set()
                arriving = asyncio.create_task(arrive(deliveries, "b"))
                await eventually(
                    lambda: "inbox.not_recorded" in [each["event"] for each in logs]
                )
                await server.open()
                await arriving
                await ended(database, "a", "b")
        assert inbox.counts["done"] == 2
    finally:
        await database.close()
        await server.close()
