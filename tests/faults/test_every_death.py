"""A process dies before or after each of its writes, and the feed stays whole."""

from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import pytest

from core.feed.page import FEED_COLLECTIONS, FeedEntry
from core.feed.reader import FeedReader
from core.runs.constraints import collections
from core.store.database import Database
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.histories import append_next, faults_in
from tests.faults import stories
from tests.faults.deaths import Cradle, Death, Said, Story, cradle, deaths

SCHEMA = Schema(version=1, collections=(*collections(), *FEED_COLLECTIONS))
USED = ("journal", *(one.name for one in FEED_COLLECTIONS))
# Odd, so that some die before their write and some after it.
SAMPLED = 5


class Ground:
    """A database on which processes live and die, one after the other."""

    def __init__(self, database: Database, folder: Path, cradle: Cradle) -> None:
        self._database = database
        self._folder = folder
        self._cradle = cradle

    async def survives(self, story: Story, death: Death, *, lives: int) -> bool:
        """Judge what stands after so many deaths; False when nobody died.

        Each process that follows goes through the same story, and dies likewise.
        """
        said = Said(self._folder / f"{death.when}-{death.write}")
        for name in USED:
            await self._database.db[name].delete_many({})
        await stories.leave_logs(self._database)
        died = 0
        for _ in range(lives):
            before = await self._feed()
            name = self._database.db.name
            died += await self._cradle.dies(story, name, said, death)
            assert (await self._feed())[: len(before)] == before
        await self._goes_on(said)
        assert await self._wrongs(said) == [], death
        return died > 0

    async def _goes_on(self, said: Said) -> None:
        """Let another process append where the dead one did, and another feed."""
        journal = stories.journal_of(self._database)
        for stream in stories.STREAMS:
            commit = await append_next(journal, stories.CLOCK, stream)
            said.add(f"{commit.id}.0")
        before = await self._feed()
        await stories.feed_all(self._database, said)
        assert (await self._feed())[: len(before)] == before

    async def _wrongs(self, said: Said) -> list[str]:
        stored = await self._database.db["journal"].find({}).to_list(None)
        appended = {
            f"{one['_id']}.{index}"
            for one in stored
            for index in range(len(one["events"]))
        }
        lost = [f"lost {one}" for one in said.lines() if one not in appended]
        return lost + faults_in(await self._feed(), appended)

    async def _feed(self) -> list[FeedEntry]:
        reader, entries = FeedReader(self._database), list[FeedEntry]()
        while found := await reader.after(len(entries)):
            entries.extend(found)
        return entries


@pytest.fixture
async def ground(
    database: Database, mongodb_url: str, tmp_path: Path
) -> AsyncIterator[Ground]:
    """Give an empty ground."""
    await migrate(database, SCHEMA)
    async with cradle(mongodb_url, stories.__name__) as born:
        yield Ground(database, tmp_path, born)


# A slow machine makes fewer writes of as much: more waits together for each.
STORIES = pytest.mark.parametrize(
    ("story", "least"),
    [(stories.append_all, 2), (stories.feed_all, 12), (stories.append_and_feed, 8)],
)


@STORIES
async def test_a_death_at_a_write_loses_and_repeats_nothing(
    ground: Ground, story: Story, least: int
) -> None:
    """A fifth of the points; `make soak` tries all."""
    met = 0
    for death in islice(deaths(), 0, None, SAMPLED):
        if not await ground.survives(story, death, lives=1):
            break
        met = death.write
    assert met >= least


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lives", [1, 3])
@STORIES
async def test_a_death_at_any_write_loses_and_repeats_nothing(
    ground: Ground, story: Story, least: int, lives: int
) -> None:
    """Every point, also when those who follow die at the same place."""
    met = 0
    for death in deaths():
        if not await ground.survives(story, death, lives=lives):
            break
        met = death.write
    assert met >= least
