"""A raw look at a database: every text in it, unpacked, as a thief would read it."""

from collections.abc import Iterator, Mapping
from typing import Any

import zstandard

from core.store.database import Database

PACKED = b"\x28\xb5\x2f\xfd"


async def places_of(database: Database, text: str) -> list[str]:
    """Return which documents hold a text, as itself or compressed, with the field."""
    found: list[str] = []
    for name in await database.db.list_collection_names():
        async for document in database.db[name].find({}):
            found += [
                f"{name} {document['_id']} {path}"
                for path, value in _values(document)
                if text.encode() in value
            ]
    return found


def _values(value: Any, path: str = "") -> Iterator[tuple[str, bytes]]:
    match value:
        case Mapping():
            for name, item in value.items():
                yield f"{path}.{name}", str(name).encode()
                yield from _values(item, f"{path}.{name}")
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _values(item, f"{path}.{index}")
        case bytes() if value.startswith(PACKED):
            yield path, zstandard.ZstdDecompressor().decompress(value)
        case bytes():
            yield path, value
        case _:
            yield path, str(value).encode("utf-8", "surrogateescape")
