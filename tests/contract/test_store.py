"""What every room may expect of the store, over each driver that can carry it."""

from datetime import UTC, datetime

import pytest
from pymongo import InsertOne, UpdateOne
from pymongo.errors import OperationFailure

from core.errors import (
    StoreUnavailableError,
)
from core.store.database import (
    BulkWriteError,
    Database,
    DuplicateKeyError,
    connect,
    is_validation_failure,
    refusals,
    translating,
)
from core.store.embedded_process import free_port
from core.store.migrate import migrate
from tests.fakes.numbered import FIRST, refused


async def test_a_server_that_is_there_answers(store: Database) -> None:
    """A ping returns and a document comes back."""
    await store.ping()
    await store.db["x"].insert_one({"_id": "a", "n": 1})
    assert await store.db["x"].find_one({"_id": "a"}) == {"_id": "a", "n": 1}


async def test_writes_wait_for_a_majority_and_its_journal(store: Database) -> None:
    """Nobody is told "done" before the write is durable."""
    assert store.db.write_concern.document == {"w": "majority", "j": True}
    assert store.db.read_concern.document == {"level": "majority"}


async def test_times_come_back_in_utc(store: Database) -> None:
    """A stored time is aware and equal, so no comparison fails on a naive one."""
    moment = datetime(2026, 3, 29, 1, 30, 0, 123000, tzinfo=UTC)
    await store.db["x"].insert_one({"_id": 1, "at": moment})
    found = await store.db["x"].find_one({"_id": 1})
    assert found is not None
    assert found["at"] == moment
    assert found["at"].utcoffset() is not None


async def test_a_server_that_is_away_is_a_refusal_with_a_way_out() -> None:
    """Nobody listens: the caller gets one short error, without the password.

    Over motor alone: PyMongo's asynchronous monitor leaks the socket that it was
    connecting when it is closed, and this suite takes warnings for errors.
    """
    url = f"mongodb://ann:hunter2@127.0.0.1:{free_port()}/"
    away = connect(url, selection_timeout=0.2)
    with pytest.raises(StoreUnavailableError) as caught:
        await away.ping()
    await away.close()
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in f"{caught.value} {caught.value.way_out}"
    assert "Topology" not in str(caught.value)


async def test_an_ordered_batch_stops_at_a_taken_key(store: Database) -> None:
    """The refusal says which write it was and which index refused it."""
    numbers = store.db["numbers"]
    await numbers.create_index([("n", 1)], unique=True)
    await numbers.insert_one({"_id": "taken", "n": 2})
    batch = [{"_id": "a", "n": 4}, {"_id": "b", "n": 2}, {"_id": "c", "n": 6}]
    with pytest.raises(BulkWriteError) as caught:
        await numbers.insert_many(batch, ordered=True)
    (refusal,) = refusals(caught.value)
    assert (refusal.position, refusal.fields, refusal.duplicate) == (1, ("n",), True)
    assert not is_validation_failure(caught.value)
    stored = [found["_id"] async for found in numbers.find({})]
    assert sorted(stored) == ["a", "taken"]


async def test_one_taken_key_reads_the_same_way(store: Database) -> None:
    """A single insert is refused with the same facts as a batch."""
    await store.db["x"].insert_one({"_id": "a"})
    with pytest.raises(DuplicateKeyError) as caught:
        await store.db["x"].insert_one({"_id": "a"})
    (refusal,) = refusals(caught.value)
    assert (refusal.position, refusal.fields) == (0, ("_id",))


async def test_a_validator_is_recognised_on_every_write_path(store: Database) -> None:
    """Four ways to write, four error classes of the driver, one question to ask."""
    await migrate(store, FIRST)
    numbers = store.db["numbers"]
    await numbers.insert_one({"_id": "a", "n": 2})
    odd = {"$set": {"n": 3}}
    assert await refused(numbers.insert_one({"n": 1}))
    assert await refused(numbers.insert_many([{"n": 4}, {"n": 5}]))
    assert await refused(numbers.update_one({"_id": "a"}, odd))
    assert await refused(numbers.find_one_and_update({"_id": "a"}, odd))
    assert await refused(numbers.bulk_write([UpdateOne({"_id": "a"}, odd)]))
    assert await refused(numbers.replace_one({"_id": "a"}, {"n": 7}))
    assert not await refused(numbers.bulk_write([InsertOne({"_id": "a", "n": 8})]))


async def test_other_errors_pass_through(store: Database) -> None:
    """A command that nobody knows is a bug of ours, not a database that is away."""
    with pytest.raises(OperationFailure), translating():
        await store.db.command("no_such_command")
