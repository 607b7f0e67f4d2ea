"""Session memory over a real database: appended, sealed in, read, and refused."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.schema import SCHEMA
from core.errors import SealBrokenError, SessionMovedError
from core.memory.schema import ITEMS, SESSIONS
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    await migrate(database, SCHEMA)
    made = await remembering(database, clock)
    yield made
    await made.close()


async def test_what_was_said_is_read_in_order_by_another_process(
    here: Remembering, clock: FakeClock
) -> None:
    """Sealed in or not yet, everything that was acknowledged is there."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message("one"), message("two")])
    await here.memory.sealing.flush()
    await here.memory.append(session.id, [message("three")])

    there = await remembering(here.database, clock)
    items = await there.memory.read(session.id)

    assert [one.content for one in items] == [
        {"text": "one"},
        {"text": "two"},
        {"text": "three"},
    ]
    assert (await there.memory.of(PULL)).id == session.id
    await there.close()


async def test_of_two_who_expect_the_same_end_one_is_told_to_look_again(
    here: Remembering, clock: FakeClock
) -> None:
    """Who does not care goes behind; nothing is lost."""
    session = await here.memory.of(PULL)
    there = await remembering(here.database, clock)
    await here.memory.append(session.id, [message("one")], expected=0)

    with pytest.raises(SessionMovedError):
        await there.memory.append(session.id, [message("two")], expected=0)
    await asyncio.gather(
        *(
            one.memory.append(session.id, [message(f"{one is here} {number}")])
            for one in (here, there)
            for number in range(5)
        )
    )

    items = await here.memory.read(session.id)
    assert len({str(one.content) for one in items}) == 11
    await there.close()


@pytest.mark.parametrize("seq", [1, 2, 3])
async def test_an_item_that_was_taken_out_is_missed(
    here: Remembering, seq: int
) -> None:
    """Also the last one, once it was sealed in."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message(text) for text in "abc"])
    await here.memory.sealing.flush()
    await here.database.db[ITEMS].delete_one({"_id": f"{session.id}:{seq}"})

    with pytest.raises(SealBrokenError):
        await here.memory.read(session.id)


async def test_nothing_that_was_said_lies_in_the_database_in_the_clear(
    here: Remembering,
) -> None:
    """The validator has no field for it either."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message("unmistakable words")])
    await here.memory.sealing.flush()

    for name in (ITEMS, SESSIONS, "journal"):
        for document in await here.database.db[name].find({}).to_list(None):
            assert "unmistakable" not in str(document)
