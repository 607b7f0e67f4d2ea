"""Whatever order the commands of several processes come in, the feed is the journal."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.events.bus import Bus, Lagged
from core.events.writers import Writers
from core.feed.feeder import Feeder, Pace
from core.feed.page import FEED_COLLECTIONS, FeedEntry
from core.feed.reader import FeedReader
from core.runs.constraints import collections
from core.store.database import Database
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.crowd import Crowd, Process
from tests.fakes.histories import faults_in

SCHEMA = Schema(version=1, collections=(*collections(), *FEED_COLLECTIONS))
USED = ("journal", *(one.name for one in FEED_COLLECTIONS))
# A story is told again by its number; to make it shorter would take minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
SEEDS = st.integers(0, 2**32)


def told(examples: int) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return how a story is told so many times."""
    return settings(
        max_examples=examples,
        deadline=None,
        phases=PHASES,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database."""
    await migrate(database, SCHEMA)
    return database


@told(examples=20)
@given(seed=SEEDS, steps=st.integers(20, 300))
async def test_the_feed_is_the_journal_in_any_order(
    db: Database, seed: int, steps: int
) -> None:
    """Also when answers are lost, processes die or sleep, and clocks are wrong."""
    assert await wrongs(db, seed, steps) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@told(examples=300)
@given(seed=SEEDS, steps=st.integers(20, 600))
async def test_the_feed_is_the_journal_in_very_many_orders(
    db: Database, seed: int, steps: int
) -> None:
    """As before, for longer."""
    assert await wrongs(db, seed, steps) == []


async def wrongs(db: Database, seed: int, steps: int) -> list[str]:
    """Let a crowd live, bring the feed to its end, and return what is wrong."""
    for name in USED:
        await db.db[name].delete_many({})
    crowd = Crowd(db, Random(seed))  # noqa: S311 # what chance decides
    await crowd.live(steps)
    await feed_the_rest(db)
    feed = await everything(db)
    stored = await db.db["journal"].find({}).to_list(None)
    appended = {
        f"{one['_id']}.{n}" for one in stored for n in range(len(one["events"]))
    }
    said = faults_in(feed, appended)
    if crowd.seen != feed[: len(crowd.seen)]:
        said.append("a reader saw another story")
    for process in crowd.all:
        said += mistold(process, feed)
        said += await misheard(process, feed)
    return said


async def feed_the_rest(db: Database) -> None:
    """End every log, and feed it to its end."""
    clock, pace = FakeClock(NOON + timedelta(days=1)), Pace(silence=0)
    last = Feeder(db, holder="last", clock=clock, bus=Bus(), pace=pace)
    while await Writers(db, clock=clock).live():
        await last.feed_once()


async def everything(db: Database) -> list[FeedEntry]:
    """Read the feed from its beginning to its end."""
    reader, entries = FeedReader(db), list[FeedEntry]()
    while found := await reader.after(len(entries)):
        entries.extend(found)
    return entries


def mistold(process: Process, feed: list[FeedEntry]) -> list[str]:
    """Return what was acknowledged and is not so, or was done twice."""
    done = defaultdict(set)
    for entry in feed:
        if "head_sha" in entry.data:
            done[entry.data["head_sha"]].add(entry.id.rpartition(".")[0])
    told = process.acknowledged.items()
    said = [f"{id_} is not {mark}'s" for mark, id_ in told if done[mark] != {id_}]
    return said + [f"{mark} twice: {ids}" for mark, ids in done.items() if len(ids) > 1]


async def misheard(process: Process, feed: list[FeedEntry]) -> list[str]:
    """Return what was not told to the process's listeners, or otherwise."""
    process.heard.close()
    heard = defaultdict(list)
    async for one in process.heard:
        if isinstance(one, Lagged):
            return [f"{one.missed} were not heard"]
        heard[one.stream].append(one.id)
    heard_ids = {id_ for ids in heard.values() for id_ in ids}
    places = {entry.id: entry.position for entry in feed}
    said = [f"{one} is not there" for one in heard_ids if one not in places]
    said += [
        f"nobody heard of {id_}"
        for id_ in process.acknowledged.values()
        if f"{id_}.0" not in heard_ids
    ]
    for ids in heard.values():
        if ids != sorted(ids, key=lambda one: places.get(one, 0)):
            said.append(f"heard in another order: {ids}")
    return said
