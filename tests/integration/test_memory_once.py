"""Items that are kept once, and batches that others come in between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.errors import SealBrokenError
from core.memory.model import Draft
from core.memory.schema import ITEMS
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    made = await remembering(database, clock)
    yield made
    await made.close()


def named(name: str, text: str = "said") -> Draft:
    """Return a message that is kept once under a name."""
    return replace(message(text), once=name)


async def test_what_is_kept_once_is_there_once(
    here: Remembering, clock: FakeClock
) -> None:
    """Appended again, by whichever process, it is the item that it was."""
    session = await here.memory.of(PULL)
    (first,) = await here.memory.append(session.id, [named("comment/1")])
    there = await remembering(here.database, clock)

    (again,) = await there.memory.append(session.id, [named("comment/1", "other")])

    assert again == first
    assert len(await here.memory.read(session.id)) == 1
    await there.close()


async def test_a_batch_is_finished_where_a_part_of_it_was_there(
    here: Remembering,
) -> None:
    """Each draft is answered in its own place."""
    session = await here.memory.of(PULL)
    (known,) = await here.memory.append(session.id, [named("b")])

    facts = await here.memory.append(session.id, [named(name) for name in "abc"])

    assert [one.seq for one in facts] == [2, known.seq, 3]
    assert len(await here.memory.read(session.id)) == 3


async def test_two_batches_at_once_keep_each_item_once(
    here: Remembering, clock: FakeClock
) -> None:
    """Another process may come in between two items of a batch."""
    session = await here.memory.of(PULL)
    there = await remembering(here.database, clock)
    batches = [
        (one.memory, [message(f"{name}{number}/{at}") for at in range(8)])
        for name, one in (("here", here), ("there", there))
        for number in range(4)
    ]

    await asyncio.gather(
        *(memory.append(session.id, batch) for memory, batch in batches)
    )

    texts = [str(one.content) for one in await here.memory.read(session.id)]
    assert len(texts) == len(set(texts)) == 64
    await there.close()


async def test_one_name_in_two_sessions_is_two_items(here: Remembering) -> None:
    """A name says nothing outside of its session."""
    sessions = [await here.memory.of(replace(PULL, pull=pull)) for pull in (7, 8)]
    for session in sessions:
        await here.memory.append(session.id, [named("comment/1")])
        assert len(await here.memory.read(session.id)) == 1


async def test_a_name_that_was_taken_off_is_missed(here: Remembering) -> None:
    """Otherwise whoever can write the database could have it said twice."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [named("comment/1")])
    await here.memory.sealing.flush()
    await here.database.db[ITEMS].update_one(
        {"_id": f"{session.id}:1"}, {"$unset": {"once": ""}}
    )

    with pytest.raises(SealBrokenError):
        await here.memory.read(session.id)
