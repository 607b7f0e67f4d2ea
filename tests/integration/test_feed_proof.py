"""The feed is held against the journal, and the first difference is named."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from core.clock import Ids, SystemClock
from core.events.journal import Journal
from core.feed.floor import ROLE
from core.feed.page import COLLECTION
from core.feed.proof import FeedProver
from core.feed.round import Pace, Round
from core.store.database import Database
from tests.fakes.clock import NOON
from tests.fakes.histories import append, history

SYSTEM = SystemClock()
Pages = list[dict[str, Any]]


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a database whose journal of two writers is fed, in pages of a few events."""
    journals = [Journal(database, clock=SYSTEM, ids=Ids(SYSTEM)) for _ in range(2)]
    rng = random.Random(5)  # noqa: S311 # a history from a number
    await history(journals, SYSTEM, rng, 25)
    await fed(database)
    for one in journals:
        await one.close()
    await fed(database)
    return database


async def fed(db: Database) -> None:
    """Bring the feed to the end of the journal, in pages of a few events."""
    while await Round(db, clock=SYSTEM, pace=Pace(batch=1)).run():
        continue


async def difference(db: Database) -> str | None:
    """Return the first difference."""
    return (await FeedProver(db, clock=SYSTEM).prove()).difference


async def spoil(db: Database, change: Callable[[Pages], None]) -> None:
    """Change the pages, past every rule of the database."""
    pages = await db.db[COLLECTION].find({}).to_list(None)
    pages.sort(key=lambda page: int(page["from"]))
    change(pages)
    await db.db.drop_collection(COLLECTION)
    await db.db[COLLECTION].insert_many(pages)
    await db.db[COLLECTION].create_index([("to", 1)], unique=True)


async def test_a_whole_feed_is_the_journals(db: Database) -> None:
    """Nothing differs, and it says how much was compared."""
    proof = await FeedProver(db, clock=SYSTEM).prove()
    assert proof.intact
    assert (proof.oldest, proof.streams) == (1, 5 + 2)
    found = await db.db["journal"].find({}).to_list(None)
    assert proof.head == sum(len(one["events"]) for one in found)


async def test_what_is_not_fed_yet_is_no_difference(db: Database) -> None:
    """Neither in a new stream nor in one that goes on, nor half of a commit."""
    journal = Journal(db, clock=SYSTEM, ids=Ids(SYSTEM))
    await append(journal, SYSTEM, "y/1", 1, events=450)
    seq = len(await journal.documents("x/1"))
    await append(journal, SYSTEM, "x/1", seq + 1)
    assert await difference(db) is None
    await Round(db, clock=SYSTEM, pace=Pace()).run()
    last = (await db.db[COLLECTION].find({}).to_list(None))[-1]
    assert last["entries"][-1]["stream"] == "x/1"
    assert await difference(db) is None
    await db.db[COLLECTION].delete_one({"_id": last["_id"]})
    assert await difference(db) is None
    await journal.close()


def lose_one(pages: Pages) -> None:
    """Take an event out of the middle, and close the gap."""
    pages[3]["entries"].pop(0)
    renumber(pages)


def tell_twice(pages: Pages) -> None:
    """Put an event in a second time."""
    pages[4]["entries"].insert(0, dict(pages[3]["entries"][-1]))
    renumber(pages)


def swap(pages: Pages) -> None:
    """Tell two events of a stream the other way round."""
    found = [one for page in pages for one in page["entries"]]
    first = next(one for one in found if one["id"] == "x/1:1.0")
    second = next(one for one in found if one["id"].startswith("x/1:2."))
    rest = {**first, "position": second["position"]}
    place = first["position"]
    first.update(second)
    first["position"] = place
    second.update(rest)


def invent(pages: Pages) -> None:
    """Add an event that nobody decided."""
    made = {**pages[2]["entries"][0], "id": "x/9:1.0", "stream": "x/9"}
    pages[2]["entries"].insert(0, made)
    renumber(pages)


def change_data(pages: Pages) -> None:
    """Tell something else."""
    pages[2]["entries"][0]["data"]["head_sha"] = "b" * 40


def change_time(pages: Pages) -> None:
    """Tell it at another time."""
    pages[2]["entries"][0]["time"] = NOON


def lose_page(pages: Pages) -> None:
    """Leave a page out."""
    del pages[2]


def lose_stream(pages: Pages) -> None:
    """Tell nothing of a stream."""
    for page in pages:
        kept = [one for one in page["entries"] if one["stream"] != "x/2"]
        page["entries"] = kept
    pages[:] = [page for page in pages if page["entries"]]
    renumber(pages)


def lose_end(pages: Pages) -> None:
    """Leave out the last event of a stream, and say that it was told."""
    for page in reversed(pages):
        for one in reversed(page["entries"]):
            if one["stream"] == "x/3":
                page["entries"].remove(one)
                pages[:] = [page for page in pages if page["entries"]]
                return renumber(pages)
    return None


def renumber(pages: Pages) -> None:
    """Give every entry the next position."""
    position = 0
    for page in pages:
        page["_id"] = page["from"] = position + 1
        for entry in page["entries"]:
            position += 1
            entry["position"] = position
        page["to"] = position


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lose_one, "it follows"),
        (tell_twice, "it follows"),
        (swap, "its stream does not begin with it"),
        (invent, "the journal has no such event"),
        (change_data, "the journal has something else"),
        (change_time, "the journal has another time"),
        (lose_page, "is missing"),
        (lose_stream, "x/2:1 is not in the feed"),
        (lose_end, "is not in the feed"),
    ],
)
async def test_every_difference_is_named(
    db: Database, change: Callable[[Pages], None], named: str
) -> None:
    """Lost, twice, in another order, invented, or changed."""
    await spoil(db, change)
    found = await difference(db)
    assert found is not None
    assert named in found


async def test_only_what_is_kept_is_compared(db: Database) -> None:
    """Streams that were trimmed whole are not missed."""
    pages = await db.db[COLLECTION].find({}).to_list(None)
    oldest = sorted(int(page["from"]) for page in pages)[4]
    await db.db[COLLECTION].delete_many({"to": {"$lt": oldest}})
    role = {"holder": "t", "fence": 1, "until": NOON, "note": {"oldest": oldest}}
    await db.db["roles"].insert_one({"_id": ROLE, **role})
    proof = await FeedProver(db, clock=SYSTEM).prove()
    assert proof.difference is None
    assert proof.oldest == oldest
