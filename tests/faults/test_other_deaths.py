"""A process dies at any of its writes, and another tells, indexes or walks on."""

from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import pytest

from bot.schema import SCHEMA
from core.events.commit import verify_chain
from core.feed.index import COLLECTION as INDEX
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.announcing import story, types
from tests.faults import other_stories
from tests.faults.deaths import Cradle, Death, Said, Story, cradle, deaths

USED = ("journal", "feed", "feed_index", "writers", "roles", "deliveries", "runs")
# `make soak` tries every point.
SAMPLES = [3, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]


class Ground:
    """A database on which processes live and die, one after the other."""

    def __init__(self, database: Database, folder: Path, cradle: Cradle) -> None:
        self.database = database
        self._folder = folder
        self._cradle = cradle

    async def empty(self) -> None:
        """Take away what the last one left."""
        for name in USED:
            await self.database.db[name].delete_many({})

    def said(self, death: Death) -> Said:
        """Return where a process writes down what it says."""
        return Said(self._folder / f"{death.when}-{death.write}")

    async def dies(self, story: Story, death: Death) -> bool:
        """Let a process live through a story; False when it came to its end."""
        name = self.database.db.name
        return await self._cradle.dies(story, name, self.said(death), death)


@pytest.fixture
async def ground(
    database: Database, mongodb_url: str, tmp_path: Path
) -> AsyncIterator[Ground]:
    """Give an empty ground."""
    await migrate(database, SCHEMA)
    async with cradle(mongodb_url, other_stories.__name__) as born:
        yield Ground(database, tmp_path, born)


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_delivery_is_told_once(ground: Ground, step: int) -> None:
    """Whoever tells after the dead one finds what stands."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        await other_stories.leave_deliveries(ground.database)
        if not await ground.dies(other_stories.tell, death):
            break
        met = death.write
        await other_stories.tell(ground.database, ground.said(death))
        told = {
            guid: types(await story(ground.database, guid))
            for guid in ("came", "away", "dead")
        }
        assert told == {
            "came": [(1, "delivery.received")],
            "away": [(1, "delivery.received"), (1, "delivery.ignored")],
            "dead": [(1, "delivery.received"), (2, "delivery.dead_lettered")],
        }, death
    assert met >= 3


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_block_is_indexed_once(ground: Ground, step: int) -> None:
    """The index is as if nobody had died."""
    met, whole = 0, None
    for death in [Death(999, "before"), *islice(deaths(), 0, 20, step)]:
        await ground.empty()
        await other_stories.leave_feed(ground.database)
        died = await ground.dies(other_stories.index, death)
        if whole is not None:
            await ground.dies(other_stories.index, Death(999, "before"))
        found = await ground.database.db[INDEX].find({}).to_list(None)
        found.sort(key=lambda one: int(one["_id"]))
        whole = whole or found
        assert found == whole, death
        met += died
    assert (len(whole or ()), met >= 1) == (4, True)


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_run_is_walked_to_its_end_and_writes_once(
    ground: Ground, step: int
) -> None:
    """Another worker goes on where the journal says that the dead one was."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        await other_stories.leave_run(ground.database)
        if not await ground.dies(other_stories.walk, death):
            break
        met = death.write
        said = ground.said(death)
        while not await succeeded(ground.database):
            await other_stories.walk_by(ground.database, said, other_stories.AFTERWARDS)
        assert said.lines() == list(other_stories.STEPS), death
    assert met >= 8


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_delivery_that_was_acknowledged_gets_one_run(
    ground: Ground, step: int
) -> None:
    """What is sent again, and who takes it up again, finds what stands."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        if not await ground.dies(other_stories.take_in, death):
            break
        met = death.write
        said, db = ground.said(death), ground.database.db
        kept = await db["deliveries"].find({}).to_list(None)
        assert len(kept) == 1 or not said.lines(), death
        for _ in range(2):
            await other_stories.take_in_by(
                ground.database, said, other_stories.AFTERWARDS
            )
        (delivery,) = await db["deliveries"].find({}).to_list(None)
        assert delivery["state"] == "done", death
        begun = await db["journal"].find({"seq": 1}).to_list(None)
        runs = [one for one in begun if one["stream"].startswith("run/")]
        assert len(runs) == 1, death
    assert met >= 6


@pytest.mark.parametrize("step", SAMPLES)
async def test_a_trim_leaves_what_a_whole_one_would(ground: Ground, step: int) -> None:
    """Whoever trims next takes away what the dead one left below the floor."""
    met, whole = 0, None
    for death in [Death(999, "before"), *islice(deaths(), 0, 40, step)]:
        await ground.empty()
        await other_stories.leave_index(ground.database)
        died = await ground.dies(other_stories.trim, death)
        if whole is not None and not died:
            break
        await other_stories.trim_afterwards(ground.database)
        left = [await ids_in(ground.database, name) for name in ("feed", INDEX)]
        whole = whole or left
        assert left == whole, death
        met += died
    assert met >= 3


async def ids_in(database: Database, name: str) -> list[int]:
    """Return the ids of a collection, in order."""
    found = await database.db[name].find({}, {"_id": 1}).to_list(None)
    return sorted(int(one["_id"]) for one in found)


async def succeeded(database: Database) -> bool:
    """Return whether the one run has, by its proved story."""
    found = await database.db["journal"].find({}).to_list(None)
    commits = sorted(
        (one for one in found if one["stream"].startswith("run/")),
        key=lambda one: int(one["seq"]),
    )
    verify_chain(commits)
    return bool(commits[-1]["to"] == "succeeded")
