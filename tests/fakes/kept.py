"""Databases with nofx's schema, made once and emptied for each test that asks."""

from itertools import cycle
from typing import Any

from bot.schema import SCHEMA
from core.store.database import Database, connect
from core.store.migrate import META, migrate, stored_version

# A write that a test left behind comes into one that nobody uses at that moment.
NAMES = ("kept_0", "kept_1", "kept_2")


class KeptDatabases:
    """The databases of one test process: to make one takes ten times as long."""

    def __init__(self, mongodb_url: str) -> None:
        self._url = mongodb_url
        self._names = cycle(NAMES)
        self._made: dict[str, Any] = {}

    async def next(self) -> Database:
        """Return one without documents, as `migrate` leaves a new one."""
        name = next(self._names)
        database = connect(self._url, name=name, embedded=True)
        if await _rules(database) == self._made.get(name):
            for spec in SCHEMA.collections:
                await database.db[spec.name].delete_many({})
            return database
        # It is the first time, or a test changed a validator or a collection.
        await database.client.drop_database(name)
        await migrate(database, SCHEMA)
        self._made[name] = await _rules(database)
        return database


async def with_schema(database: Database) -> None:
    """Bring a database to nofx's schema; one that is kept is there already."""
    if await stored_version(database) != SCHEMA.version:
        await migrate(database, SCHEMA)


async def _rules(database: Database) -> list[dict[str, Any]]:
    """Return every collection with its rules, and the version, in a stable order."""
    found = [one async for one in await database.db.list_collections()]
    version = await database.db[META].find({}).to_list(None)
    return [*sorted(found, key=lambda one: str(one["name"])), *version]
