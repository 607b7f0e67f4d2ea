"""What every room may expect of the store, over each driver that can carry it."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from pymongo import InsertOne, UpdateOne
from pymongo.errors import OperationFailure, PyMongoError

from core.errors import (
    IndexDiffersError,
    SchemaNewerError,
    StoreUnavailableError,
)
from core.store.blobs import BLOBS, digest_of
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
from core.store.migrate import Migration, migrate, stored_version
from core.store.pending import pending
from core.store.schema import CollectionSpec, IndexSpec, Schema

NOISE = b"".join(digest_of(bytes([n % 256, n // 256])).encode() for n in range(64))

EVEN = {"$expr": {"$eq": [{"$mod": [{"$ifNull": ["$n", 0]}, 2]}, 0]}}
SMALL = {"$jsonSchema": {"properties": {"n": {"bsonType": "int", "maximum": 9}}}}
NUMBERED = CollectionSpec(
    name="numbers",
    validator=EVEN,
    indexes=(
        IndexSpec(keys=("n",), unique=True),
        IndexSpec(keys=("owner", "at"), unique=True, partial={"active": True}),
        IndexSpec(keys=("purge_after",), expire_after_seconds=0),
    ),
)
FIRST = Schema(version=1, collections=(NUMBERED, *BLOBS))


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


async def refused(write: Any) -> bool:
    """Return whether the awaited write was refused by a validator."""
    with pytest.raises(PyMongoError) as caught:
        await write
    return is_validation_failure(caught.value)


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


async def test_a_migration_says_what_it_did_and_does_it_once(store: Database) -> None:
    """The first call makes everything; the second finds nothing to do."""
    changes = await migrate(store, FIRST)
    assert [(change.kind, change.collection) for change in changes] == [
        ("version_raised", "meta"),
        ("collection_created", "numbers"),
        *[("index_created", "numbers")] * 3,
        ("collection_created", "blobs"),
        ("index_created", "blobs"),
    ]
    assert await migrate(store, FIRST) == ()
    assert await stored_version(store) == 1


async def test_indexes_keep_their_promises(store: Database) -> None:
    """Unique and partial are more than names: the second write is refused."""
    await migrate(store, FIRST)
    numbers = store.db["numbers"]
    active = {"owner": "ann", "at": 1, "active": True}
    await numbers.insert_one({**active, "n": 0})
    await numbers.insert_one({**active, "n": 2, "active": False})
    with pytest.raises(DuplicateKeyError) as caught:
        await numbers.insert_one({**active, "n": 4})
    assert refusals(caught.value)[0].fields == ("owner", "at")


async def test_a_new_validator_replaces_the_old_in_place(store: Database) -> None:
    """The documents stay; from now on the new rule holds."""
    await migrate(store, FIRST)
    await store.db["numbers"].insert_one({"_id": "kept", "n": 10})
    small = CollectionSpec(name="numbers", validator=SMALL, indexes=NUMBERED.indexes)
    changes = await migrate(store, Schema(version=2, collections=(small,)))
    assert [change.kind for change in changes] == [
        "version_raised",
        "validator_replaced",
    ]
    assert await store.db["numbers"].find_one({"_id": "kept"})
    await store.db["numbers"].insert_one({"n": 3})
    assert await refused(store.db["numbers"].insert_one({"n": 12}))


async def test_a_rule_that_is_gone_is_lifted(store: Database) -> None:
    """A collection whose validator was taken out of the schema takes anything."""
    await migrate(store, FIRST)
    free = Schema(version=2, collections=(CollectionSpec(name="numbers"),))
    await migrate(store, free)
    await store.db["numbers"].insert_one({"n": 1})
    assert await migrate(store, free) == ()


async def test_an_older_program_stops_before_it_changes_anything(
    store: Database,
) -> None:
    """Version 1 meets a database of version 2 and leaves it alone."""
    await migrate(store, Schema(version=2, collections=()))
    with pytest.raises(SchemaNewerError) as caught:
        await migrate(store, FIRST)
    assert caught.value.facts == {"found": 2, "known": 1}
    assert await store.db.list_collection_names() == ["meta"]


async def test_an_older_program_stops_when_a_newer_one_comes(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 2 is claimed after version 1 had looked, before it changed anything."""
    seen = iter([0, 0])

    async def late(_: Database) -> int:
        return next(seen, 2)

    monkeypatch.setattr("core.store.migrate.stored_version", late)
    with pytest.raises(SchemaNewerError):
        await migrate(store, FIRST)
    assert "blobs" not in await store.db.list_collection_names()


async def test_two_first_migrations_meet(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process claimed the version, and made a collection, a moment ago."""
    await migrate(store, Schema(version=1, collections=()))
    seen = iter([0])

    async def early(_: Database) -> int:
        return next(seen, 1)

    monkeypatch.setattr("core.store.migrate.stored_version", early)
    assert await migrate(store, Schema(version=1, collections=())) == ()
    migration = Migration(store, FIRST)
    await store.db.create_collection("numbers")
    await migration._create(NUMBERED)
    assert [change.kind for change in migration.changes] == ["validator_replaced"]
    assert await refused(store.db["numbers"].insert_one({"n": 1}))


SECOND = Schema(
    version=2,
    collections=(
        CollectionSpec(
            name="numbers",
            validator=SMALL,
            indexes=(NUMBERED.indexes[0], IndexSpec(keys=("owner",))),
            retired=("owner_1_at_1",),
        ),
        *BLOBS,
        CollectionSpec(name="letters", indexes=(IndexSpec(keys=("a",)),)),
    ),
)


async def rules_of(store: Database) -> dict[str, Any]:
    """Return every collection's options and indexes as the server has them."""
    collections = await store.db.list_collections()
    options = {one["name"]: one["options"] async for one in collections}
    return {
        name: (options[name], await store.db[name].index_information())
        for name in sorted(options)
    }


async def test_a_newer_program_upgrades_in_place_and_an_older_is_refused(
    store: Database,
) -> None:
    """What was announced is done and said, the data stay, and nothing goes back."""
    await migrate(store, FIRST)
    await store.db["numbers"].insert_one({"_id": "kept", "n": 10, "owner": "ann"})
    announced = await pending(store, SECOND)
    assert announced == await migrate(store, SECOND)
    assert [(one.kind, one.collection, one.detail) for one in announced] == [
        ("version_raised", "meta", "1 → 2"),
        ("validator_replaced", "numbers", ""),
        ("index_dropped", "numbers", "owner_1_at_1"),
        ("index_created", "numbers", "owner_1"),
        ("collection_created", "letters", ""),
        ("index_created", "letters", "a_1"),
    ]
    assert await pending(store, SECOND) == await migrate(store, SECOND) == ()
    assert await store.db["numbers"].find_one({"owner": "ann"})
    assert await refused(store.db["numbers"].insert_one({"n": 12}))

    rules = await rules_of(store)
    with pytest.raises(SchemaNewerError):
        await migrate(store, FIRST)
    assert await rules_of(store) == rules
    assert await stored_version(store) == 2


@pytest.mark.parametrize(
    "off", [{"validationAction": "warn"}, {"validationLevel": "off"}]
)
async def test_a_validator_that_was_switched_off_is_on_again(
    store: Database, off: dict[str, str]
) -> None:
    """It stands there word for word, and let everything pass."""
    await migrate(store, FIRST)
    await store.db.command({"collMod": "numbers", **off})
    await store.db["numbers"].insert_one({"n": 1})
    announced = await pending(store, FIRST)
    (change,) = await migrate(store, FIRST)
    assert (change,) == announced
    assert (change.kind, change.collection) == ("validator_replaced", "numbers")
    assert change.detail == "it was not enforced"
    assert await refused(store.db["numbers"].insert_one({"n": 3}))
    assert await migrate(store, FIRST) == ()


async def test_a_validator_that_the_server_refuses_is_not_hidden(
    store: Database,
) -> None:
    """A mistake in a schema is a bug that shows at once."""
    wrong = CollectionSpec(name="wrong", validator={"$jsonSchema": {"nonsense": 1}})
    with pytest.raises(OperationFailure):
        await migrate(store, Schema(version=1, collections=(wrong,)))


async def test_an_index_that_the_data_break_is_not_hidden(store: Database) -> None:
    """Two documents already have the one key: a person must decide which stays."""
    await store.db["numbers"].insert_many([{"n": 2}, {"n": 2}])
    with pytest.raises(OperationFailure, match="E11000"):
        await migrate(store, FIRST)


async def test_an_index_with_another_meaning_is_not_touched(store: Database) -> None:
    """Dropping a unique index is a person's decision."""
    await store.db["numbers"].create_index([("n", 1)], name="n_1")
    with pytest.raises(IndexDiffersError) as caught:
        await migrate(store, FIRST)
    assert "n_1" in str(caught.value)
    with pytest.raises(IndexDiffersError):  # made by another a moment after we looked
        await Migration(store, FIRST)._add_index("numbers", NUMBERED.indexes[0])


async def test_processes_that_migrate_together_agree(
    mongodb_url: str, driver: Literal["motor", "pymongo"]
) -> None:
    """Eight at once: all succeed, and the version was raised by someone."""
    name = "meeting"
    stores = [
        connect(mongodb_url, name=name, embedded=True, driver=driver) for _ in range(8)
    ]
    await asyncio.gather(*(migrate(store, FIRST) for store in stores))
    assert await migrate(stores[0], FIRST) == ()
    assert await refused(stores[0].db["numbers"].insert_one({"n": 1}))
    await stores[0].client.drop_database(name)
    for store in stores:
        await store.close()
