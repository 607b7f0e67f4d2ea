"""Kills and zombies among appenders and feeders: one order, and nothing is lost."""

import asyncio
import random
import signal
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from core.feed.page import FEED_COLLECTIONS, FeedEntry
from core.feed.reader import FeedReader
from core.runs.constraints import collections
from core.store.database import Database
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.histories import faults_in
from tests.fakes.waiting import eventually

SCHEMA = Schema(version=1, collections=(*collections(), *FEED_COLLECTIONS))
ROOT = Path(__file__).parents[2]


class Scene:
    """Processes of one database, each killed, stopped and woken by its number."""

    def __init__(self, url: str, database: Database, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, list[asyncio.subprocess.Process]] = {
            "append": [],
            "feed": [],
        }
        self._said: dict[int, Path] = {}
        self._url = url
        self._database = database
        self._numbers: Iterator[int] = count(1)

    async def start(self, role: str) -> asyncio.subprocess.Process:
        """Start one more process of a role."""
        said = self.folder / f"{role}-{next(self._numbers)}"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.feed_process", role, self._url),
            *(self._database.db.name, str(said)),
            cwd=ROOT,
        )
        self.running[role].append(process)
        self._said[process.pid] = said
        return process

    async def all_at_work(self) -> None:
        """Wait until every appender was told that something of its is durable."""
        working = [self._said[process.pid] for process in self.running["append"]]
        await eventually(
            lambda: all(said.exists() and said.stat().st_size for said in working)
        )

    async def kill(self, role: str, which: int = 0) -> None:
        """Kill a process between any two of its instructions."""
        process = self.running[role].pop(which)
        process.kill()
        await process.wait()

    async def stop(self, role: str) -> list[int]:
        """Ask every process of a role to end; returns how they ended."""
        processes, self.running[role] = self.running[role], []
        for process in processes:
            await eventually(self._said[process.pid].exists)
            process.terminate()
        return [await process.wait() for process in processes]

    async def end(self) -> None:
        """Kill what is left."""
        for role, processes in self.running.items():
            for _ in list(processes):
                await self.kill(role)

    def acknowledged(self) -> set[str]:
        """Return the ids whose callers were told that they are durable."""
        lines = [path.read_text().split("\n") for path in self.folder.iterdir()]
        return {line for said in lines for line in said[:-1]}

    async def appended(self) -> set[str]:
        """Return the ids of all events in the journal."""
        found = await self._database.db["journal"].find({}).to_list(None)
        return {
            f"{one['_id']}.{index}"
            for one in found
            for index in range(len(one["events"]))
        }

    async def fed_past(self, position: int) -> None:
        """Wait until the feed has gone on past a position."""
        reader = FeedReader(self._database)
        while True:
            if await reader.head() > position:
                return
            await asyncio.sleep(0.05)

    async def fed(self) -> list[FeedEntry]:
        """Read the feed once it holds as much as the journal."""
        reader, entries = FeedReader(self._database), list[FeedEntry]()
        while True:
            while found := await reader.after(len(entries)):
                entries.extend(found)
            if len(entries) >= len(await self.appended()):
                return entries
            await asyncio.sleep(0.05)


async def judge(scene: Scene) -> list[FeedEntry]:
    """Let the appenders end, and hold the feed against the journal and the answers."""
    assert await scene.stop("append") == [0, 0]
    entries = await scene.fed()
    appended = await scene.appended()
    assert faults_in(entries, appended) == []
    acknowledged = scene.acknowledged()
    assert acknowledged
    assert acknowledged <= {entry.id for entry in entries}
    return entries


@pytest.fixture
async def scene(mongodb_url: str, database: Database, tmp_path: Path) -> Scene:
    """Give a database with two appenders at work, and two feeders."""
    await migrate(database, SCHEMA)
    scene = Scene(mongodb_url, database, tmp_path)
    for role in ("feed", "feed", "append", "append"):
        await scene.start(role)
    return scene


async def test_kills_and_zombies_leave_one_gapless_feed(
    scene: Scene, database: Database
) -> None:
    """A killed appender, a killed feeder, and both as zombies that wake up late."""
    try:
        await scene.all_at_work()
        await scene.fed_past(20)
        await scene.kill("append")
        await scene.start("append")
        await freeze_the_leader(scene, database)
        await scene.all_at_work()
        zombie = scene.running["append"][0]
        zombie.send_signal(signal.SIGSTOP)
        await ended_by_the_feeder(database)
        zombie.send_signal(signal.SIGCONT)
        await scene.fed_past(await FeedReader(database).head() + 30)
        entries = await judge(scene)
        await all_retired(database)
        assert any(one.data.get("reason") == "silent" for one in entries)
    finally:
        await scene.end()


async def freeze_the_leader(scene: Scene, database: Database) -> None:
    """Stop the feeder that leads, let the other take over, and wake the first."""
    role = await database.db["roles"].find_one({"_id": "feeder"})
    assert role is not None
    number = int(role["holder"].split("-")[1])
    leader = scene.running["feed"][number - 1]
    leader.send_signal(signal.SIGSTOP)
    await scene.fed_past(await FeedReader(database).head() + 20)
    leader.send_signal(signal.SIGCONT)
    await scene.fed_past(await FeedReader(database).head() + 20)
    await scene.kill("feed", 2 - number)
    await scene.fed_past(await FeedReader(database).head() + 20)


async def ended_by_the_feeder(database: Database) -> None:
    """Wait until some live process's log was ended for its silence."""
    key = {"stream": {"$gte": "writer/", "$lt": "writer0"}}
    while True:
        ends = await database.db["journal"].find(key).to_list(None)
        silent = [one for one in ends if one["events"][0]["data"]["reason"] == "silent"]
        if len(silent) >= 2:  # the killed one's, and the sleeping one's
            return
        await asyncio.sleep(0.05)


async def all_retired(database: Database) -> None:
    """Wait until no log is polled any more."""
    while True:
        if await database.db["writers"].find_one({"live": True}) is None:
            return
        await asyncio.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(4))
async def test_a_long_row_of_random_kills_and_zombies(
    scene: Scene, database: Database, seed: int
) -> None:
    """Whoever is struck, between whichever two instructions."""
    rng = random.Random(seed)  # noqa: S311 # which to strike, and when
    reader = FeedReader(database)
    try:
        for _ in range(25):
            await asyncio.sleep(rng.uniform(0, 1))
            role = rng.choice(["append", "feed"])
            if rng.random() < 0.5:
                await scene.kill(role, rng.randrange(2))
                await scene.start(role)
            else:
                struck = scene.running[role][rng.randrange(2)]
                struck.send_signal(signal.SIGSTOP)
                await asyncio.sleep(rng.choice([0.1, 1.2, 3]))
                struck.send_signal(signal.SIGCONT)
        await scene.fed_past(await reader.head())
        await judge(scene)
    finally:
        await scene.end()
