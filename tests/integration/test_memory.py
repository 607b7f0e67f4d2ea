"""Session memory over a real database: appended, sealed in, read, and refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from typing_extensions import override

from core.clock import Ids
from core.errors import SealBrokenError, SessionMovedError, StoreUnavailableError
from core.events import schema
from core.events.bus import Bus
from core.events.commit import Commit
from core.events.commit import Draft as CommitDraft
from core.events.journal import Journal
from core.memory.schema import ITEMS, SESSIONS
from core.memory.sealing import PAUSE
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
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


async def test_what_two_processes_append_is_counted_whoever_seals_first(
    here: Remembering, clock: FakeClock
) -> None:
    """Also who wrote it, and that an item of it ends sooner than the session."""
    session = await here.memory.of(PULL)
    there = await remembering(here.database, clock)
    soon = clock.now() + timedelta(hours=2)
    ours = replace(message("one", author="ada"), expires_at=soon)
    await here.memory.append(session.id, [ours, message("two")])
    await there.memory.append(session.id, [message("three", author="eve")])
    await here.memory.append(session.id, [message("four")])

    for one in (here, there):
        await one.memory.sealing.flush()

    found = await here.database.db[SESSIONS].find_one({"_id": session.id})
    assert found is not None
    assert found["counts"] == {"message": 4}
    assert sorted(found["authors"]) == ["ada", "eve"]
    assert found["head"]["seq"] == 4
    assert found["due_at"] < soon
    await there.close()


async def test_what_a_process_left_unsealed_is_sealed_by_the_next(
    here: Remembering, clock: FakeClock
) -> None:
    """It died after the append had been acknowledged."""
    session = await here.memory.of(PULL)
    dead = await remembering(here.database, clock)
    await dead.memory.append(session.id, [message("one", author="eve")])
    assert dead.memory.sealing._task is not None
    dead.memory.sealing._task.cancel()
    await here.memory.append(session.id, [message("two")])
    await here.memory.sealing.flush()

    found = await here.database.db[SESSIONS].find_one({"_id": session.id})
    assert found is not None
    assert found["counts"] == {"message": 2}
    assert sorted(found["authors"]) == ["ada", "eve"]


class _Stumbling(Journal):
    """Stores the first of what was appended, and does not say so."""

    stumbled = False

    @override
    async def append(self, draft: CommitDraft) -> Commit:
        made = await super().append(draft)
        appended = any(isinstance(one, schema.MemoryAppended) for one in draft.events)
        if appended and not self.stumbled:
            self.stumbled = True
            raise StoreUnavailableError(reason="it went away meanwhile")
        return made


async def test_what_was_told_is_not_told_again_after_a_failure(
    database: Database, clock: FakeClock
) -> None:
    """Nobody may know whether it came through, and others wait behind it."""
    journal = _Stumbling(database, clock=clock, ids=Ids(clock), bus=Bus())
    here = await remembering(database, clock, journal=journal)
    sessions = [await here.memory.of(replace(PULL, pull=pull)) for pull in (1, 2)]
    for session in sessions:
        await here.memory.append(session.id, [message("one")])
    with pytest.raises(StoreUnavailableError):
        await here.memory.sealing.flush()
    await here.memory.append(sessions[0].id, [message("two")])
    await here.memory.sealing.flush()

    told = [
        (one.first, one.last)
        for session in sessions
        for one in await here.memory.sealing.telling.events(session.id)
        if isinstance(one, schema.MemoryAppended)
    ]
    assert told == [(1, 1), (2, 2), (1, 1)]
    await here.close()


async def test_who_ends_in_the_middle_of_a_sealing_seals_it_all(
    here: Remembering, clock: FakeClock
) -> None:
    """What was taken to be sealed is not dropped on the way."""
    there = await remembering(here.database, clock)
    session = await there.memory.of(PULL)
    await there.memory.append(session.id, [message("one")])
    await clock.sleeping()
    await clock.advance(PAUSE)
    await there.close()

    found = await here.store.get(session.id)
    assert found is not None
    assert (found.head.seq, found.counts) == (1, {"message": 1})
    events = await here.memory.sealing.telling.events(session.id)
    assert any(isinstance(one, schema.MemoryAppended) for one in events)


async def test_places_that_there_are_not_cost_nothing(here: Remembering) -> None:
    """However far off they are: a caller may name any number."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message("one"), message("two")])

    found = await here.store.items(session.id, 2, 2**62)

    assert [one["seq"] for one in found] == [2]
