"""`nofx migrate` and every start: upgrade what is older, keep out of what is newer."""

from pathlib import Path

import pytest

from bot.base import opened
from bot.migration import bring_up_to_date
from bot.schema import SCHEMA
from bot.settings import Settings, load_settings
from core.errors import SchemaNewerError
from core.store.database import Database
from core.store.migrate import stored_version


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Give a database that no nofx has seen."""
    return empty_database


@pytest.fixture
def settings(mongodb_url: str, database: Database, tmp_path: Path) -> Settings:
    """Give the settings of a nofx on this database."""
    url = f"{mongodb_url}{database.db.name}?retryWrites=false"
    return load_settings(None, mongodb_url=url, cache_dir=tmp_path)


async def test_an_older_database_is_upgraded_and_it_is_said_how(
    settings: Settings, database: Database
) -> None:
    """One sentence for each thing that was changed, and none the second time."""
    assert await bring_up_to_date(settings, rebuild=False)
    await database.db["meta"].update_one({"_id": "schema"}, {"$set": {"version": 1}})
    await database.db.command("collMod", "journal", validator={})
    await database.db.command("collMod", "runs", validationAction="warn")
    await database.db["blobs"].drop_index("touched_at_1")
    assert sorted(await bring_up_to_date(settings, rebuild=False)) == [
        "blobs: index_created touched_at_1",
        "journal: validator_replaced",
        f"meta: version_raised 1 → {SCHEMA.version}",
        "runs: validator_replaced it was not enforced",
    ]
    assert await bring_up_to_date(settings, rebuild=False) == []


async def test_an_older_program_keeps_out_of_a_newer_database(
    settings: Settings, database: Database
) -> None:
    """A newer nofx was there first: this one neither serves, migrates nor rebuilds."""
    newer = SCHEMA.version + 1
    await database.db["meta"].insert_one({"_id": "schema", "version": newer})
    with pytest.raises(SchemaNewerError) as caught:
        await bring_up_to_date(settings, rebuild=True)
    assert caught.value.facts == {"found": newer, "known": SCHEMA.version}
    with pytest.raises(SchemaNewerError):
        async with opened(settings):
            pass
    assert await database.db.list_collection_names() == ["meta"]
    assert await stored_version(database) == newer
