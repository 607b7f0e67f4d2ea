"""Brings a database to a schema: what is missing is made, no document is dropped."""

from collections.abc import Mapping
from typing import Any

import bson
from pymongo import IndexModel
from pymongo.errors import OperationFailure

from core.errors import IndexDiffersError, SchemaNewerError
from core.metrics.store import COLLECTIONS
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import Change, ChangeKind, CollectionSpec, IndexSpec, Schema

META = "meta"
SCHEMA_ID = "schema"
NAMESPACE_EXISTS = 48
ENFORCED = ("validationLevel", "validationAction")
INDEX_CONFLICTS = frozenset({85, 86})


async def migrate(database: Database, schema: Schema) -> tuple[Change, ...]:
    """Bring the database to `schema` and return what that took, in order.

    A second call changes nothing. Several processes may call it at once. The version
    is claimed first, and looked at again before each change, so that an older program
    stops as soon as a newer one has come. Raises SchemaNewerError, IndexDiffersError,
    StoreUnavailableError.
    """
    COLLECTIONS.allow(*(spec.name for spec in schema.collections))
    migration = Migration(database, schema)
    with translating():
        await migration.run()
    return tuple(migration.changes)


async def stored_version(database: Database) -> int:
    """Return the schema version that the database has, 0 when it was never migrated."""
    with translating():
        found = await database.db[META].find_one({"_id": SCHEMA_ID})
    return int(found["version"]) if found else 0


class Migration:
    """One walk through the schema; `changes` grows as it goes."""

    def __init__(self, database: Database, schema: Schema) -> None:
        self.changes: list[Change] = []
        self._database = database
        self._db = database.db
        self._schema = schema

    async def run(self) -> None:
        """Claim the version, then mend every collection that differs."""
        await self._claim_version()
        names = [spec.name for spec in self._schema.collections]
        cursor = await self._db.list_collections(filter={"name": {"$in": names}})
        present = {found["name"]: found["options"] async for found in cursor}
        for spec in self._schema.collections:
            made = spec.name not in present and await self._create(spec)
            if spec.name in present:
                detail = differs(present[spec.name], spec)
                if detail is not None:
                    await self._replace_validator(spec, detail)
            await self._add_indexes(spec, made=made)

    async def _claim_version(self) -> None:
        version = self._schema.version
        found = await self._refuse_newer()
        if found == version:
            return
        if found == 0:
            try:
                await self._db[META].insert_one({"_id": SCHEMA_ID, "version": version})
            except DuplicateKeyError:  # another process was first; see what it claimed
                await self._claim_version()
                return
        else:
            claim = {"$max": {"version": version}}  # a newer one that came stays
            await self._db[META].update_one({"_id": SCHEMA_ID}, claim)
        self._note("version_raised", META, f"{found} → {version}")

    async def _refuse_newer(self) -> int:
        found = await stored_version(self._database)
        if found > self._schema.version:
            raise SchemaNewerError(found=found, known=self._schema.version)
        return found

    async def _create(self, spec: CollectionSpec) -> bool:
        """Make a collection; False when another process was first."""
        await self._refuse_newer()
        try:
            # We know what there is: the driver would list every collection once more.
            await self._db.create_collection(
                spec.name, check_exists=False, **_rules(spec)
            )
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise
            # Another process made it just now, perhaps with an older validator.
            await self._replace_validator(spec)
            return False
        self._note("collection_created", spec.name)
        return True

    async def _replace_validator(self, spec: CollectionSpec, detail: str = "") -> None:
        await self._refuse_newer()
        await self._db.command("collMod", spec.name, **_rules(spec))
        self._note("validator_replaced", spec.name, detail)

    async def _add_indexes(self, spec: CollectionSpec, *, made: bool) -> None:
        """Make the indexes that are missing: all, when we `made` the collection."""
        present = {} if made else await self._db[spec.name].index_information()
        for name in spec.retired:
            if name in present:
                await self._refuse_newer()
                await self._db[spec.name].drop_index(name)
                self._note("index_dropped", spec.name, name)
        missing = [one for one in spec.indexes if one.name not in present]
        for index in spec.indexes:
            found = present.get(index.name)
            if found is not None and not _same_index(found, index):
                raise _differs(spec.name, index, found)
        if missing and not await self._add_at_once(spec.name, missing):
            for index in missing:
                await self._add_index(spec.name, index)

    async def _add_at_once(self, collection: str, missing: list[IndexSpec]) -> bool:
        """Make indexes by one command; False when one of them cannot be made so."""
        await self._refuse_newer()
        models = [
            IndexModel(one.order, name=one.name, **one.options) for one in missing
        ]
        try:
            await self._db[collection].create_indexes(models)
        except OperationFailure as error:
            if error.code not in INDEX_CONFLICTS:
                raise
            return False
        for index in missing:
            self._note("index_created", collection, index.name)
        return True

    async def _add_index(self, collection: str, index: IndexSpec) -> None:
        await self._refuse_newer()
        try:
            await self._db[collection].create_index(
                index.order, name=index.name, **index.options
            )
        except OperationFailure as error:
            if error.code not in INDEX_CONFLICTS:
                raise
            raise _differs(collection, index, {"refusal": str(error)}) from error
        self._note("index_created", collection, index.name)

    def _note(self, kind: ChangeKind, collection: str, detail: str = "") -> None:
        self.changes.append(Change(kind=kind, collection=collection, detail=detail))


def differs(options: Mapping[str, Any], spec: CollectionSpec) -> str | None:
    """Return None when a collection's rules are those of `spec`, else a word on how.

    A validator that only warns, or is not always asked, guards nothing: a collection
    with such a one is mended as one without.
    """
    if not same(options.get("validator"), spec.validator):
        return ""
    rules = _rules(spec)
    enforced = {"validationLevel": "strict", "validationAction": "error", **options}
    if spec.validator and any(enforced[name] != rules[name] for name in ENFORCED):
        return "it was not enforced"
    return None


def same(found: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None) -> bool:
    """Return whether two validators are one once MongoDB has stored them."""
    return _as_stored(found) == _as_stored(wanted)


def _as_stored(document: Mapping[str, Any] | None) -> Document:
    return bson.decode(bson.encode(document or {}))


def _rules(spec: CollectionSpec) -> Document:
    return {
        "validator": dict(spec.validator or {}),
        "validationLevel": "strict",
        "validationAction": "error",
    }


def _same_index(found: Mapping[str, Any], index: IndexSpec) -> bool:
    options = {key: found[key] for key in found if key not in {"v", "key", "ns"}}
    keys = [(key, int(way)) for key, way in found["key"]]
    return keys == index.order and same(options, index.options)


def _differs(
    collection: str, index: IndexSpec, found: Mapping[str, Any]
) -> IndexDiffersError:
    wanted = {"key": index.order, **index.options}
    return IndexDiffersError(
        collection=collection, index=index.name, found=dict(found), wanted=wanted
    )
