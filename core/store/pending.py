"""What a migration would change, read without changing anything."""

from core.store.database import Database, translating
from core.store.migrate import same, stored_version
from core.store.schema import Change, Schema


async def pending(database: Database, schema: Schema) -> tuple[Change, ...]:
    """Return what `migrate` would do to bring the database to `schema`.

    An index of the right name but another shape counts as there: migrate refuses it
    with its own error. Raises StoreUnavailableError.
    """
    changes: list[Change] = []
    found = await stored_version(database)
    if found < schema.version:
        detail = f"{found} → {schema.version}"
        changes.append(Change(kind="version_raised", collection="meta", detail=detail))
    with translating():
        names = [spec.name for spec in schema.collections]
        cursor = await database.db.list_collections(filter={"name": {"$in": names}})
        present = {entry["name"]: entry["options"] async for entry in cursor}
        for spec in schema.collections:
            if spec.name not in present:
                changes.append(Change(kind="collection_created", collection=spec.name))
                continue
            if not same(present[spec.name].get("validator", {}), spec.validator):
                changes.append(Change(kind="validator_replaced", collection=spec.name))
            indexes = await database.db[spec.name].index_information()
            changes.extend(
                Change(kind="index_dropped", collection=spec.name, detail=name)
                for name in spec.retired
                if name in indexes
            )
            changes.extend(
                Change(kind="index_created", collection=spec.name, detail=index.name)
                for index in spec.indexes
                if index.name not in indexes
            )
    return tuple(changes)
