"""Where a captured state goes, and that it comes back from there."""

from typing import Any

import pytest

from core.checkpoints.capture import INLINE_BYTES, Checkpoints
from core.clock import Ids, SystemClock
from core.store.blobs import BLOBS, Blobs, Digest
from core.store.database import Database
from core.store.migrate import migrate
from core.store.schema import Schema


@pytest.mark.parametrize(
    ("state", "inline"),
    [
        ({"text": "short", "": {"a.b": 1, "$set": 2}}, True),
        ({"text": "x" * INLINE_BYTES}, False),
        ({"name\u0000": 1}, False),
        ({"deep": [{"\u0000": 1}]}, False),
    ],
    ids=["small", "large", "a name that no field can have", "deep inside"],
)
async def test_a_state_goes_where_it_fits(
    database: Database,
    state: dict[str, Any],
    inline: bool,  # noqa: FBT001 # a parameter of the test
) -> None:
    """Inline into an entry that MongoDB takes, and else into the blobs."""
    await migrate(database, Schema(version=1, collections=BLOBS))
    blobs = Blobs(database)
    ids = Ids(SystemClock())
    captured = await Checkpoints(blobs=blobs, ids=ids, mask=lambda one: one).capture(
        state
    )
    assert (captured.inline is not None) is inline
    if inline:
        await database.db["entries"].insert_one({"_id": 1, "state": captured.inline})
        found = await database.db["entries"].find_one({"_id": 1})
        assert found == {"_id": 1, "state": state}
    else:
        assert await blobs.get_json(Digest(captured.digest)) == state
