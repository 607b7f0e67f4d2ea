"""A key of memory that is wrong, missing or retired is answered 503, by its name."""

import base64
from typing import Any

import pytest

from core.memory.keys.store import COLLECTION as RING
from core.memory.schema import ITEMS, SESSIONS
from core.store.database import Database
from tests.fakes.api import api_stage
from tests.fakes.memory import KEYS, PULL, message


def written(**keys: bytes) -> str:
    """Return keys as the setting takes them."""
    return ",".join(
        f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items()
    )


async def stored(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all that is kept of sessions and keys."""
    return {
        name: await database.db[name].find({}).to_list(None)
        for name in (RING, SESSIONS, ITEMS)
    }


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"k1": b"x" * 32}, "memory_key_wrong"),
        ({"k9": KEYS["k1"]}, "memory_key_missing"),
    ],
)
async def test_a_key_that_cannot_be_used_is_named(
    database: Database, keys: dict[str, bytes], code: str
) -> None:
    """Never an empty history, and nothing is overwritten."""
    async with api_stage(database, memory_keys=written(k1=KEYS["k1"])) as right:
        memory = right.base.memory.opened()
        session = await memory.of(PULL)
        await memory.append(session.id, [message("kept")])
        await right.base.memory.close()
    before = await stored(database)

    async with api_stage(database, memory_keys=written(**keys)) as wrong:
        for path in ("items/1", "export"):
            answer = await wrong.ask(f"/sessions/{session.id}/{path}")
            assert answer.status == 503
            assert answer.body["code"] == code
            assert "k1" in answer.body["detail"]
            assert "NOFX_MEMORY_KEY_FILE" in answer.body["hint"]
        await wrong.base.memory.close()

    assert await stored(database) == before
    async with api_stage(database, memory_keys=written(k1=KEYS["k1"])) as again:
        answer = await again.ask(f"/sessions/{session.id}/items/1")
        assert answer.status == 200
        await again.base.memory.close()
