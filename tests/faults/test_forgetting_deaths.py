"""A process dies at any write of a redaction, and another takes out what is left."""

from collections.abc import AsyncIterator, Sequence
from itertools import islice
from pathlib import Path

import pytest
from bson import decode, encode

from bot.schema import SCHEMA
from core.memory.model import Kind
from core.memory.schema import ITEMS, REDACTIONS
from core.store.database import Database, Document
from core.store.migrate import migrate
from tests.fakes.memory import PULL
from tests.faults import forgetting_stories as stories
from tests.faults.deaths import Cradle, Death, Said, Story, cradle, deaths

SAMPLES = [13, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
MOST = 120


class Ground:
    """A database on which a process lives and dies, and another comes after it."""

    def __init__(self, database: Database, folder: Path, cradle: Cradle) -> None:
        self.database = database
        self._folder = folder
        self._cradle = cradle
        self.old: list[bytes] = []

    async def lay(self) -> None:
        """Leave what was said, and nothing of those before."""
        for name in await self.database.db.list_collection_names():
            await self.database.db[name].delete_many({})
        await stories.leave_said(self.database)
        self.old = [one["sealed"] for one in await self.all(ITEMS)]

    async def all(self, collection: str) -> list[Document]:
        """Return all documents of a collection."""
        return await self.database.db[collection].find({}).to_list(None)

    async def dies(self, story: Story, death: Death) -> bool:
        """Let a process live through a story; False when it came to its end."""
        said = Said(self._folder / f"{story.__name__}-{death.when}-{death.write}")
        return await self._cradle.dies(story, self.database.db.name, said, death)

    async def raw(self) -> list[bytes]:
        """Return every document as the database's files have it."""
        names = await self.database.db.list_collection_names()
        return [encode(one) for name in names for one in await self.all(name)]

    async def contents(self) -> list[object]:
        """Return what another process reads in both sessions, markers left out."""
        there = await stories.process(self.database, stories.AFTERWARDS)
        items = [
            item
            for scope in (PULL, stories.OTHER)
            for item in await there.memory.read((await there.memory.of(scope)).id)
        ]
        await there.close()
        return [
            one.content and one.content["text"]
            for one in items
            if one.facts.kind is not Kind.MARKER
        ]


@pytest.fixture
async def ground(
    database: Database, mongodb_url: str, tmp_path: Path
) -> AsyncIterator[Ground]:
    """Give an empty ground."""
    await migrate(database, SCHEMA)
    async with cradle(mongodb_url, stories.__name__) as born:
        yield Ground(database, tmp_path, born)


def holding(raw: Sequence[bytes], *needles: bytes) -> list[Document]:
    """Return the documents that hold one of the needles."""
    return [decode(one) for one in raw if any(needle in one for needle in needles)]


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_redaction_that_was_written_down_is_carried_through(
    ground: Ground, step: int
) -> None:
    """Nothing of it is left, not even its old bytes; all else is read as it was."""
    begun, whole, died = 0, 0, True
    for death in islice(deaths(), 0, MOST, step):
        await ground.lay()
        died = await ground.dies(stories.redact, death)
        await stories.survive(ground.database)
        records = await ground.all(REDACTIONS)
        contents = await ground.contents()
        if not records:
            whole += 1
            assert died, death
            assert contents[0] == f"it is {stories.SECRET}", death
            continue
        begun += died
        (record,) = records
        assert record["status"] == "complete", death
        mark = f"[redacted:{record['_id']}]"
        assert contents == [
            *(f"it is {mark}", "well", None, f"really {mark}?"),
            *(f"not {mark}!", "no"),
        ], death
        raw = await ground.raw()
        assert holding(raw, stories.SECRET.encode()) == [], death
        gone = [one for at, one in enumerate(ground.old) if at not in (1, 5)]
        assert holding(raw, *gone) == [], death
        told = [
            event["type"]
            for commit in await ground.all("journal")
            for event in commit["events"]
        ]
        assert told.count("memory.redaction_requested") == 1, death
        assert told.count("memory.redaction_completed") == 1, death
        if not died:
            break
    assert not died, "it went on beyond the points that were tried"
    assert (begun >= 3, whole >= 1) == (True, True)


@pytest.mark.parametrize("step", SAMPLES)
async def test_what_was_to_be_forgotten_is_forgotten(ground: Ground, step: int) -> None:
    """With what summarises it; what others said of it stays."""
    begun, died = 0, True
    for death in islice(deaths(), 0, MOST, step):
        await ground.lay()
        died = await ground.dies(stories.forget, death)
        await stories.survive(ground.database)
        if await ground.all(REDACTIONS):
            begun += died
            secret = stories.SECRET
            assert await ground.contents() == [
                *(None, "well", None, f"really {secret}?"),
                *(f"not {secret}!", "no"),
            ], death
        if not died:
            break
    assert not died
    assert begun >= 1
