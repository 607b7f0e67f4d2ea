"""Texts are taken out of deliveries, and a worker never finds a broken one."""

import json
from dataclasses import replace

import pytest

from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery, DeliveryState, arrived
from bot.webhooks.outcome import Ignored
from bot.webhooks.place import Place
from bot.webhooks.redacting import DeliveryCopies
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.inboxes import document, stored_in
from tests.fakes.raw import places_of
from tests.fakes.signing import MARK, order

SECRET = "the horse is called Rosinante"
ORDER = order(SECRET)


class Store:
    """Deliveries about one repository, and who redacts them."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.deliveries = Deliveries(database, clock=clock)
        self.copies = DeliveryCopies(database)

    async def arrive(self, guid: str, *, pull: int | None = 1) -> None:
        """Take in a comment that says the secret."""
        payload = {
            "action": "created",
            "comment": {"body": f"I say: {SECRET}", "user": {"login": SECRET}},
        }
        arrival = arrived(
            guid=guid,
            event="issue_comment",
            action="created",
            body=json.dumps(payload).encode(),
        )
        place = Place(repository="octo/hello", pull=pull)
        await self.deliveries.add(replace(arrival, place=place))

    async def claimed(self) -> Delivery:
        """Claim the delivery that waits."""
        (due,) = await self.deliveries.due(DeliveryState.RECEIVED, most=9)
        held = await self.deliveries.claim(due, owner="w", seconds=5)
        assert held is not None
        return held


@pytest.fixture
async def store(database: Database, clock: FakeClock) -> Store:
    """Give an empty store."""
    return Store(await stored_in(database), clock)


def said(delivery: Delivery) -> object:
    """Return what the comment of a delivery says."""
    comment = delivery.payload()["comment"]
    assert isinstance(comment, dict)
    return comment["body"]


async def test_who_claims_it_afterwards_reads_the_cut_one(store: Store) -> None:
    """The body is whole JSON of the right digest, and who wrote it is kept."""
    await store.arrive("g")
    assert (await store.copies.redact(ORDER)).changed == 1
    held = await store.claimed()
    assert said(held) == f"I say: {MARK}"
    assert held.payload()["comment"]["user"] == {"login": SECRET}  # type: ignore[index] # it is JSON
    assert held.payload()["action"] == "created"
    await store.deliveries.finish(held, Ignored("nothing"))
    assert (await store.copies.redact(ORDER)).changed == 0


async def test_one_in_hand_is_waited_for(store: Store) -> None:
    """Its worker has read the text, and may still write it somewhere."""
    await store.arrive("g")
    held = await store.claimed()
    assert "being worked on" in (await store.copies.redact(ORDER)).left
    assert "being worked on" in (await store.copies.redact(ORDER)).left
    assert await store.deliveries.finish(held, Ignored(f"it says {SECRET}"))
    after = await store.copies.redact(ORDER)
    assert (after.changed, after.left) == (1, "")
    found = await document(store.database, "g")
    assert found["reason"] == f"it says {MARK}"
    assert SECRET not in str(found["untold"])
    assert (await store.copies.redact(ORDER)).changed == 0


async def test_another_pull_requests_delivery_stays(store: Store) -> None:
    """One about no pull request is cut, one about another is not."""
    await store.arrive("other", pull=2)
    await store.arrive("none", pull=None)
    assert (await store.copies.redact(ORDER)).changed == 1
    kept = await places_of(store.database, SECRET)
    assert {one.split()[1] for one in kept if "body" in one} >= {"other"}
    assert (await store.copies.redact(order(SECRET, pull=None))).changed == 1
    assert (await store.copies.redact(order(SECRET, repository=None))).changed == 0


async def test_one_that_cannot_be_read_is_told_of(store: Store) -> None:
    """Nobody knows what it says, so somebody has to look."""
    await store.arrive("g")
    await store.database.db["deliveries"].update_one(
        {"_id": "g"}, {"$set": {"body": b"rubbish"}}
    )
    assert "cannot be read" in (await store.copies.redact(ORDER)).left
