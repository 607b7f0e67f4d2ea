"""Every command to the database is timed by what it does and to which collection."""

import pytest
from pymongo.errors import OperationFailure

from core.errors import StoreUnavailableError
from core.store.database import Database, DuplicateKeyError, connect
from core.store.migrate import migrate
from core.store.schema import CollectionSpec, Schema
from tests.fakes.measures import Measures

COUNT = "nofx_database_seconds_count"
ERRORS = "nofx_database_errors_total"
NOTES = Schema(version=1, collections=(CollectionSpec(name="notes"),))


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Give a database that has only what a test makes in it."""
    return empty_database


async def test_each_operation_is_timed_once(database: Database) -> None:
    """Reads, writes and the rest of a long answer."""
    await migrate(database, NOTES)
    measures = Measures()
    notes = database.db["notes"]
    await notes.insert_many([{"_id": number} for number in range(5)])
    await notes.find_one({"_id": 1})
    await notes.update_one({"_id": 1}, {"$set": {"read": True}})
    assert len(await notes.find({}, batch_size=2).to_list(None)) == 5
    assert measures.all_moved(COUNT) == {
        ("notes", "insert"): 1,
        ("notes", "find"): 2,
        ("notes", "getMore"): 2,
        ("notes", "update"): 1,
    }
    assert measures.all_moved(ERRORS) == {}
    total = measures.moved(
        "nofx_database_seconds_sum", operation="insert", collection="notes"
    )
    assert 0 < total < 30


async def test_what_is_refused_for_its_content_is_no_error(database: Database) -> None:
    """The command was answered; that a key was taken is an ordinary answer."""
    await migrate(database, NOTES)
    await database.db["notes"].insert_one({"_id": 1})
    measures = Measures()
    with pytest.raises(DuplicateKeyError):
        await database.db["notes"].insert_one({"_id": 1})
    assert measures.all_moved(COUNT) == {("notes", "insert"): 1}
    assert measures.all_moved(ERRORS) == {}


async def test_unknown_commands_and_collections_make_no_series(
    database: Database,
) -> None:
    """A command that fails is counted as an error too."""
    measures = Measures()
    await database.db["nobody_named_it"].find_one({})
    with pytest.raises(OperationFailure):
        await database.db.command("doTheImpossible")
    await database.ping()
    assert measures.all_moved(COUNT) == {
        ("other", "find"): 1,
        ("other", "other"): 1,
        ("other", "ping"): 1,
    }
    assert measures.all_moved(ERRORS) == {("other",): 1}


async def test_a_server_that_is_away_is_counted_and_not_timed() -> None:
    """Nothing was sent, so no listener hears of it; the alert must all the same."""
    measures = Measures()
    away = connect("mongodb://127.0.0.1:1/nofx", selection_timeout=0.1)
    with pytest.raises(StoreUnavailableError):
        await away.ping()
    await away.close()
    assert measures.all_moved(COUNT) == {}
    assert measures.all_moved(ERRORS) == {("unsent",): 1}
