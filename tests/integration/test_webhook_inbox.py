"""Stored deliveries are worked until they end, again when they fail."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.webhooks.attempt import InboxPolicy
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.clock import SystemClock
from core.errors import (
    GitHubUnavailableError,
)
from core.store.database import Database
from tests.fakes.inboxes import (
    arrive,
    document,
    done,
    ended,
    stored_in,
    working,
)


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database that has the collection of deliveries."""
    return await stored_in(database)


@pytest.fixture
def deliveries(store: Database) -> Deliveries:
    """Give the store of deliveries."""
    return Deliveries(store, clock=SystemClock())


async def test_what_arrived_is_handled_and_recorded(
    deliveries: Deliveries, store: Database
) -> None:
    """The handler sees the payload; the end is written with the day of purging."""
    seen: dict[str, object] = {}

    async def handle(delivery: Delivery) -> Outcome:
        seen[delivery.guid] = delivery.payload()
        return Ignored("not ours") if delivery.guid == "b" else Done()

    await arrive(deliveries, "a", "b")
    async with working(deliveries, handle) as inbox:
        a, b = await ended(store, "a", "b")

    assert seen == {guid: {"action": "opened", "guid": guid} for guid in "ab"}
    assert (a["state"], a["attempts"], "reason" in a) == ("done", 1, False)
    assert (b["state"], b["reason"]) == ("ignored", "not ours")
    kept = a["purge_after"] - a["received_at"]
    assert timedelta(days=7) <= kept < timedelta(days=7, minutes=5)
    assert inbox.counts == {"done": 1, "ignored": 1}


async def test_an_arrival_wakes_the_inbox(
    deliveries: Deliveries, store: Database
) -> None:
    """An inbox that polls once in a day still begins at once."""
    lazy = InboxPolicy(poll=86_400)

    async with working(deliveries, done, policy=lazy):
        for guid in "abc":
            await arrive(deliveries, guid)
            await ended(store, guid)


async def test_polling_finds_what_another_process_received(
    deliveries: Deliveries, store: Database
) -> None:
    """The process that receives need not be the one that works."""
    receiving = Deliveries(store, clock=SystemClock())

    async with working(deliveries, done):
        await arrive(receiving, "a")
        (a,) = await ended(store, "a")

    assert a["state"] == "done"


async def test_many_inboxes_work_each_delivery_once(
    deliveries: Deliveries, store: Database
) -> None:
    """Four inboxes over one database, sixty deliveries, nobody's handled twice."""
    handled: Counter[str] = Counter()
    owners: set[str] = set()

    async def handle(delivery: Delivery) -> Outcome:
        handled[delivery.guid] += 1
        found = await document(store, delivery.guid)
        owners.add(found["lease"]["owner"])
        return Done()

    guids = [f"g{number:02}" for number in range(60)]
    await asyncio.gather(*(arrive(deliveries, guid) for guid in guids))
    async with (
        working(Deliveries(store, clock=SystemClock()), handle, owner="worker-1"),
        working(Deliveries(store, clock=SystemClock()), handle, owner="worker-2"),
        working(Deliveries(store, clock=SystemClock()), handle, owner="worker-3"),
        working(Deliveries(store, clock=SystemClock()), handle, owner="worker-4"),
    ):
        await ended(store, *guids)

    assert handled == dict.fromkeys(guids, 1)
    assert len(owners) > 1


async def test_a_failure_is_tried_again(
    deliveries: Deliveries, store: Database
) -> None:
    """GitHub is away for a moment; the second attempt succeeds."""
    attempts: list[int] = []

    async def handle(delivery: Delivery) -> Outcome:
        attempts.append(delivery.attempts)
        if delivery.attempts == 1:
            raise GitHubUnavailableError(method="GET", path="/x", reason="away")
        return Done()

    await arrive(deliveries, "a")
    async with working(deliveries, handle) as inbox:
        (a,) = await ended(store, "a")

    assert attempts == [1, 2]
    assert (a["state"], "reason" in a) == ("done", False)
    assert inbox.counts == {"failed": 1, "put_back": 1, "done": 1}


async def test_a_dead_delivery_that_comes_again_is_tried_again(
    deliveries: Deliveries, store: Database
) -> None:
    """Somebody pressed Redeliver at GitHub, which keeps the id."""
    broken = True

    async def handle(delivery: Delivery) -> Outcome:
        if broken:
            raise KeyError(delivery.guid)
        return Done()

    await arrive(deliveries, "a")
    with capture_logs():
        async with working(deliveries, handle):
            (dead,) = await ended(store, "a")
            broken = False
            await arrive(deliveries, "a")
            (done,) = await ended(store, "a")
    assert (dead["state"], done["state"]) == ("dead", "done")


async def test_what_fails_again_and_again_is_dead_and_can_be_redelivered(
    deliveries: Deliveries, store: Database
) -> None:
    """It stays with its reason until an operator lets it be worked once more."""
    broken = True
    attempts: dict[str, list[int]] = {"a": [], "b": []}

    async def handle(delivery: Delivery) -> Outcome:
        attempts[delivery.guid].append(delivery.attempts)
        if broken:
            message = "no such luck " + "x" * 1000
            raise KeyError(message)
        return Done()

    await arrive(deliveries, "a", "b")
    with capture_logs() as logs:
        async with working(deliveries, handle) as inbox:
            await ended(store, "a", "b")
            letters = await deliveries.dead()
            broken = False
            await deliveries.redeliver("a")
            (a,) = await ended(store, "a")

    assert [letter.guid for letter in letters] == ["a", "b"]
    assert {letter.attempts for letter in letters} == {3}
    assert letters[0].reason.startswith("KeyError: 'no such luck")
    assert len(letters[0].reason) == 500
    assert (a["state"], attempts["a"]) == ("done", [1, 2, 3, 4])
    assert inbox.counts == {"failed": 6, "put_back": 4, "dead": 2, "done": 1}
    failures = [each for each in logs if each["event"] == "inbox.failed"]
    assert all(isinstance(each["exc_info"], KeyError) for each in failures)
    assert [letter.guid for letter in await deliveries.dead()] == ["b"]


async def test_a_handler_that_cancels_itself_has_failed(
    deliveries: Deliveries, store: Database
) -> None:
    """A stray cancellation inside the handler is no order to us."""

    async def handle(_: Delivery) -> Outcome:
        raise asyncio.CancelledError

    await arrive(deliveries, "a")
    async with working(deliveries, handle):
        (a,) = await ended(store, "a")

    assert a["state"] == "dead"
    assert a["reason"].startswith("HandlerCancelledError")


def test_waits_grow_and_stay_within_bounds() -> None:
    """Twice as long each time, never beyond the most, never the same for all."""
    policy = InboxPolicy(backoff=2, most_backoff=900)
    seconds = [
        policy.wait_after(attempts, 1.0).total_seconds() for attempts in range(1, 12)
    ]

    assert seconds[:4] == [2, 4, 8, 16]
    assert seconds[-1] == 900
    assert policy.wait_after(5000, 0.0).total_seconds() == 450
