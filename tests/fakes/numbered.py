"""A schema of one small collection, for tests of what a schema does."""

from typing import Any

import pytest
from pymongo.errors import PyMongoError

from core.store.blobs import BLOBS
from core.store.database import (
    is_validation_failure,
)
from core.store.schema import CollectionSpec, IndexSpec, Schema

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


async def refused(write: Any) -> bool:
    """Return whether the awaited write was refused by a validator."""
    with pytest.raises(PyMongoError) as caught:
        await write
    return is_validation_failure(caught.value)
