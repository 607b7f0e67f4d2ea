"""Summaries that stand for messages, whatever happens while they are written."""

from collections.abc import AsyncIterator, Sequence

import pytest

from core.errors import SessionRedactedError
from core.events import schema
from core.memory.compaction import LONGEST, Compaction, conversation, extract
from core.memory.model import Item, Kind
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    made = await remembering(database, clock)
    yield made
    await made.close()


def of(here: Remembering) -> Compaction:
    """Return the compaction of a memory."""
    return Compaction(here.memory, here.redactions)


async def talk(here: Remembering, *texts: str) -> str:
    """Say something in the session, and return its id."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message(text) for text in texts])
    return session.id


async def read(here: Remembering, session_id: str) -> list[str]:
    """Return the texts of the conversation."""
    found = await conversation(here.memory, session_id)
    return [str((one.content or {})["text"]) for one in found.items]


async def test_a_summary_stands_for_what_was_said_before(here: Remembering) -> None:
    """It says for which messages, and the newest are read as they are."""
    session_id = await talk(here, "one", "two", "three")
    facts = await of(here).compact(session_id, extract, keep=1)
    assert facts is not None
    assert (facts.kind, facts.lineage) == (Kind.SUMMARY, (1, 2))
    assert await read(here, session_id) == ["three", "ada: one\nada: two"]

    await talk(here, "four", "five")
    again = await of(here).compact(session_id, extract, keep=1)
    assert again is not None
    assert again.lineage == (3, 4, 5)
    assert len(await here.memory.read(session_id)) == 7
    told = [
        one
        for one in await here.memory.sealing.telling.events(session_id)
        if isinstance(one, schema.MemoryCompacted)
    ]
    assert [(one.summary, one.lineage) for one in told] == [
        (4, (1, 2)),
        (7, (3, 4, 5)),
    ]


async def test_what_a_summary_stands_for_can_be_erased(here: Remembering) -> None:
    """The summary stays, and is read."""
    session_id = await talk(here, "one", "two", "three")
    await of(here).compact(session_id, extract, keep=1, erase=True)
    contents = [one.content for one in await here.memory.read(session_id)]
    assert contents[:2] == [None, None]
    assert await read(here, session_id) == ["three", "ada: one\nada: two"]


async def test_an_erased_summary_gives_the_word_back(here: Remembering) -> None:
    """What it stood for was not erased, so it is read again."""
    session_id = await talk(here, "one", "two", "three")
    facts = await of(here).compact(session_id, extract, keep=1)
    assert facts is not None
    await here.redactions.forget(session_id, [facts.seq], actor="ada", reason="wrong")
    assert await read(here, session_id) == ["one", "two", "three"]


async def test_what_is_said_meanwhile_stays_to_be_read(here: Remembering) -> None:
    """A summary may take a model a minute."""
    session_id = await talk(here, "one", "two", "three")

    async def slowly(items: Sequence[Item]) -> str:
        await talk(here, "meanwhile")
        return await extract(items)

    assert await of(here).compact(session_id, slowly, keep=1) is not None
    assert await read(here, session_id) == [
        "three",
        "meanwhile",
        "ada: one\nada: two",
    ]


async def test_a_redaction_meanwhile_refuses_the_summary(here: Remembering) -> None:
    """It was made from what must not be kept."""
    session_id = await talk(here, "one", "two", "three")

    async def slowly(items: Sequence[Item]) -> str:
        await here.redactions.forget(session_id, [1], actor="ada", reason="a secret")
        return await extract(items)

    with pytest.raises(SessionRedactedError):
        await of(here).compact(session_id, slowly, keep=1)
    assert await read(here, session_id) == ["two", "three"]


async def test_of_two_who_sum_up_at_once_one_does(here: Remembering) -> None:
    """The other finds that there is nothing left to do."""
    session_id = await talk(here, "one", "two", "three")

    async def slowly(items: Sequence[Item]) -> str:
        assert await of(here).compact(session_id, extract, keep=1) is not None
        return await extract(items)

    assert await of(here).compact(session_id, slowly, keep=1) is None
    assert await read(here, session_id) == ["three", "ada: one\nada: two"]


async def test_a_short_conversation_is_left_alone(here: Remembering) -> None:
    """One message is no shorter when it is summed up."""
    session_id = await talk(here, "one", "two")
    assert await of(here).compact(session_id, extract, keep=1) is None


async def test_an_extract_has_an_end(here: Remembering) -> None:
    """The newest are kept, and it says how many are not."""
    session_id = await talk(here, *(f"{number} " + "x" * 300 for number in range(90)))
    text = await extract(await here.memory.read(session_id))
    assert len(text) < LONGEST + 100
    assert text.startswith("(52 earlier ones are left out)")
    assert "ada: 89 x" in text
