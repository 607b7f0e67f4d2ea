"""The feed says of each event which repository and pull request it is about."""

from typing import Any

import pytest

from core.clock import Ids, SystemClock
from core.events import schema
from core.events.base import Payload
from core.events.bus import Bus
from core.events.commit import Draft
from core.events.journal import Journal
from core.feed.feeder import Feeder
from core.feed.page import COLLECTION
from core.feed.reader import FeedReader
from core.feed.subject import NOBODY, About
from core.store.database import Database
from tests.fakes.histories import append

CLOCK = SystemClock()
HELLO = About("octo/hello", 7)


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database."""
    return database


@pytest.fixture
def journal(db: Database) -> Journal:
    """Give the journal of one process."""
    return Journal(db, clock=CLOCK, ids=Ids(CLOCK))


async def fed(db: Database) -> dict[str, About]:
    """Feed what there is by a feeder that remembers nothing; return all, by id."""
    await Feeder(db, holder="f", clock=CLOCK, bus=Bus()).feed_once()
    return {one.id: one.about for one in await FeedReader(db).after(0)}


async def say(journal: Journal, stream: str, event: Payload, **more: Any) -> None:
    """Append the first commit of a stream."""
    draft = Draft(stream=stream, seq=1, time=CLOCK.now(), events=(event,), **more)
    await journal.append(draft)


async def begin_run(journal: Journal) -> None:
    """Append the beginning of run `r1` for octo/hello#7."""
    created = schema.RunCreated(
        transition="enqueue",
        from_=None,
        to="queued",
        repository="octo/hello",
        pull=7,
        head_sha="a" * 40,
        pipeline="review",
        reason="opened",
        requested_by="octocat",
    )
    await say(journal, "run/r1", created, to="queued")


async def test_a_runs_events_are_about_its_pull_request(
    db: Database, journal: Journal
) -> None:
    """Only the first commit names it, and any later feeder finds it there."""
    await begin_run(journal)
    assert await fed(db) == {"run/r1:1.0": HELLO}

    event = schema.RunSuperseded(by_run="r2", head_sha="b" * 40)
    draft = Draft(
        stream="run/r1",
        seq=2,
        time=CLOCK.now(),
        events=(event,),
        from_="queued",
        to="queued",
    )
    await journal.append(draft)

    assert (await fed(db))["run/r1:2.0"] == HELLO


async def test_a_merge_is_about_the_pull_request_of_its_runs(
    db: Database, journal: Journal
) -> None:
    """A merge names its runs alone."""
    await begin_run(journal)
    ref = schema.CheckpointRef(run_id="r1", checkpoint_id="cp_1")
    plan = schema.MergePlanned(
        base=ref, ours=ref, theirs=ref, conflicts=(), plan="0" * 64, actor="octocat"
    )
    await say(journal, "merge/m1", plan)

    assert (await fed(db))["merge/m1:1.0"] == HELLO


async def test_what_is_about_nobody_says_so(db: Database, journal: Journal) -> None:
    """A stream of another kind, and the end of a writer's log."""
    await append(journal, CLOCK, "moon/1", 1)
    await journal.close()

    assert set((await fed(db)).values()) == {NOBODY}


async def test_pages_of_an_earlier_version_are_read_as_if_they_said_it(
    db: Database, journal: Journal
) -> None:
    """They lack the two fields, and the journal still knows."""
    await begin_run(journal)
    await fed(db)
    gone = {"entries.$[].repository": "", "entries.$[].pull": ""}
    await db.db[COLLECTION].update_many({}, {"$unset": gone})

    assert await fed(db) == {"run/r1:1.0": HELLO}
