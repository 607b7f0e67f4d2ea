"""What a migration would change, read without changing anything."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.store.database import Database, translating
from core.store.migrate import META, differs, stored_version
from core.store.schema import Change, CollectionSpec, Schema


async def pending(database: Database, schema: Schema) -> tuple[Change, ...]:
    """Return what `migrate` would do to bring the database to `schema`, in order.

    An index of the right name but another shape counts as there: migrate refuses it
    with its own error, as it does a newer schema. Raises StoreUnavailableError.
    """
    changes: list[Change] = []
    found = await stored_version(database)
    if found < schema.version:
        detail = f"{found} → {schema.version}"
        changes.append(Change(kind="version_raised", collection=META, detail=detail))
    with translating():
        names = [spec.name for spec in schema.collections]
        cursor = await database.db.list_collections(filter={"name": {"$in": names}})
        present = {entry["name"]: entry["options"] async for entry in cursor}
        for spec in schema.collections:
            indexes: Mapping[str, Any] = {}
            if spec.name in present:
                indexes = await database.db[spec.name].index_information()
            changes += _of(spec, present.get(spec.name), indexes)
    return tuple(changes)


def _of(
    spec: CollectionSpec, options: Mapping[str, Any] | None, indexes: Mapping[str, Any]
) -> Iterator[Change]:
    name = spec.name
    if options is None:
        yield Change(kind="collection_created", collection=name)
    elif (detail := differs(options, spec)) is not None:
        yield Change(kind="validator_replaced", collection=name, detail=detail)
    for old in spec.retired:
        if old in indexes:
            yield Change(kind="index_dropped", collection=name, detail=old)
    for index in spec.indexes:
        if index.name not in indexes:
            yield Change(kind="index_created", collection=name, detail=index.name)
