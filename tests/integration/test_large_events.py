"""Events that are too large for the journal never fail the run that they are of."""

from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from core.checkpoints.chain import verify_run
from core.clock import Ids
from core.errors import BlobNotFoundError
from core.events.base import JSON
from core.events.bus import Bus
from core.events.commit import Draft
from core.events.journal import Journal
from core.events.schema import EffectPerformed
from core.feed.reader import FeedReader
from core.feed.round import Pace, Round
from core.runs.pipeline import StepContext
from core.store.blobs import Blobs
from core.store.database import Database
from core.store.garbage import collect
from tests.fakes.clock import FakeClock
from tests.fakes.stage import Remote, Stage, serving, staged

LARGE = {"posted": {f"fp{number}": number for number in range(20_000)}}
WEEK = 7 * 24 * 3600.0


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database with all that nofx has."""
    return database


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


def performed(result: JSON) -> EffectPerformed:
    """Return an answer of GitHub's to a write."""
    return EffectPerformed(
        subject="review",
        transition="perform",
        from_="intended",
        to="performed",
        result=result,
    )


async def test_a_run_goes_on_with_a_large_answer(stage: Stage) -> None:
    """Another worker reads it back whole, and its history proves."""
    answers: list[JSON] = []

    class Wordy(Remote):
        """A remote with much to say."""

        @override
        def _perform(self, key: str) -> JSON:
            super()._perform(key)
            return LARGE

    remote = Wordy()

    async def write(context: StepContext) -> JSON:
        answers.append(await context.effects.once(remote.write("review")))
        return {}

    stage.pipeline.script("one", write)
    stage.pipeline.script("two", write)
    run_id = await stage.ask()
    async with serving(stage.worker(own=True)):
        run = await stage.until(run_id, "succeeded")

    assert answers == [LARGE, LARGE]
    assert len(remote.kept) == 1
    assert run.effects["review"].result == LARGE
    documents = await stage.runs.journal.documents(run.stream)
    proved = await verify_run(documents, Blobs(stage.database))
    assert proved.head == run.head_hash


async def test_the_feed_and_the_bus_have_it_too(store: Database) -> None:
    """Who listens in the process gets it whole, who reads pages gets it small."""
    clock, bus = FakeClock(), Bus()
    journal = Journal(store, clock=clock, ids=Ids(clock), bus=bus)
    event = performed(LARGE)
    with bus.subscribe(EffectPerformed) as heard:
        draft = Draft(stream="x/1", seq=1, time=clock.now(), events=(event,))
        await journal.append(draft)
        occurrence = await heard.next()
    assert getattr(occurrence, "event", None) == event

    await Round(store, clock=clock, pace=Pace()).run()
    (entry,) = await FeedReader(store).after(0)

    assert entry.data["result"] == {}
    assert entry.data["$blobs"]["result"]["bytes"] > 64 * 1024
    assert entry.payload() == performed({})
    await journal.close()


async def test_what_was_cut_lives_as_long_as_its_event(store: Database) -> None:
    """The sweep of blobs finds it named; were it lost, the reader would be told."""
    clock = FakeClock()
    journal = Journal(store, clock=clock, ids=Ids(clock))
    event = performed(LARGE)
    draft = Draft(stream="x/1", seq=1, time=clock.now(), events=(event,))
    await journal.append(draft)
    await Blobs(store, clock=clock).put(b"named by nobody")
    clock.jump(WEEK)

    swept = await collect(store, clock)

    assert swept.deleted == 1
    (commit,) = await journal.read("x/1")
    assert commit.events == (event,)
    await store.db["blobs"].delete_many({})
    with pytest.raises(BlobNotFoundError):
        await journal.read("x/1")
    await journal.close()
