"""What a migration makes, mends, announces and refuses, over each driver."""

import asyncio
from typing import Any, Literal

import pytest
from pymongo.errors import OperationFailure

from core.errors import (
    IndexDiffersError,
    SchemaNewerError,
)
from core.store.blobs import BLOBS
from core.store.database import (
    Database,
    DuplicateKeyError,
    connect,
    refusals,
)
from core.store.migrate import Migration, migrate, stored_version
from core.store.pending import pending
from core.store.schema import CollectionSpec, IndexSpec, Schema
from tests.fakes.numbered import FIRST, NUMBERED, SMALL, refused


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
