"""What the whole service holds is read in the background, and told at each scrape."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient
from structlog.testing import capture_logs
from typing_extensions import override

from bot.api import health
from core.clock import SystemClock
from core.errors import StoreUnavailableError
from core.events.bus import Bus
from core.feed.feeder import Feeder
from core.feed.lag import FeedLag
from core.metrics.gauges import Reading, Refresher
from core.metrics.journal import FEED_LAG
from core.metrics.registry import REGISTRY
from core.metrics.runs import COUNTED, UNENDED, WAITING
from core.runs.gates import Check
from core.runs.standing import standings
from core.store.database import Database
from tests.fakes.acts import AWAY, raising
from tests.fakes.clock import FakeClock
from tests.fakes.scrapes import Scrape
from tests.fakes.stage import Stage, fine, staged

CLOCK = SystemClock()
EVERYWHERE = ("waiting_gate", "retry_wait", "queued", "paused", "running")


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`, and what a feed needs."""
    stage = await staged(database)
    yield stage
    await stage.close()


@pytest.fixture
def standing(stage: Stage) -> Iterator[Sequence[Reading]]:
    """Give what reads the states of runs; afterwards nothing is told of them."""
    readings = standings(stage.runs.projection, clock=CLOCK)
    yield readings
    for reading in readings:
        reading.forget()


def told(name: str, **labels: str) -> float | None:
    """Return what a gauge says, None when it says nothing."""
    return REGISTRY.get_sample_value(name, labels)


async def test_runs_are_told_where_they_stand(
    stage: Stage, standing: Sequence[Reading]
) -> None:
    """One that waits for approval, one put off, two queued, one paused, one ended."""
    worker = stage.worker()
    step = stage.pipeline.script("two", fine)
    step.checks = (Check(gate="g", outcome="ask", conclusion="neutral", reason="?"),)
    await stage.ask(pull=1)
    await worker.work_one()
    step.checks = ()
    stage.pipeline.script("two", raising(AWAY), fine)
    before = SystemClock().now()
    await stage.ask(pull=2)
    await worker.work_one()
    await stage.ask(pull=3)
    await worker.work_one()
    for pull in (4, 5):
        await stage.ask(pull=pull)
    paused = await stage.ask(pull=6)
    await stage.runs.pause(paused, actor="alice", reason="wait")
    await stage.runs.projector.drain()
    for reading in standing:
        await reading.read()
    runs = {status: told("nofx_runs", status=status) for status in EVERYWHERE}
    assert runs.pop("retry_wait") == 1
    assert runs == {"waiting_gate": 1, "queued": 2, "paused": 1, "running": 0}
    assert told("nofx_queue_depth", status="queued") == 2
    assert told("nofx_queue_depth", status="waiting_gate") == 1
    assert told("nofx_approvals_pending") == 1
    oldest = told("nofx_queue_oldest_seconds")
    assert oldest is not None
    assert 0 <= oldest <= (SystemClock().now() - before).total_seconds()
    for reading in standing:
        reading.forget()
    assert told("nofx_runs", status="queued") is None
    assert told("nofx_queue_oldest_seconds") is None


async def test_an_empty_queue_is_as_old_as_nothing(
    standing: Sequence[Reading],
) -> None:
    """Zero is a statement here, and a true one."""
    for reading in standing:
        await reading.read()
    assert told("nofx_queue_oldest_seconds") == 0
    assert [told("nofx_queue_depth", status=one) for one in WAITING] == [0, 0, 0]
    assert UNENDED.labels["status"].of("succeeded") == "other"
    assert COUNTED > 1000


async def test_the_feed_is_as_late_as_the_oldest_that_it_lacks(stage: Stage) -> None:
    """With nobody who feeds it grows; once it is fed it is nothing."""
    later = FakeClock(SystemClock().now() + timedelta(hours=1))
    lag = FeedLag(stage.database, clock=later)
    await lag.read()
    assert (told("nofx_feed_lag_seconds"), told("nofx_feed_position")) == (0, 0)
    await stage.ask()
    await stage.worker().work_one()
    await lag.read()
    assert told("nofx_feed_lag_seconds") == pytest.approx(3600, abs=60)
    feeder = Feeder(stage.database, holder="f", clock=CLOCK, bus=Bus())
    fed = await feeder.feed_once()
    await lag.read()
    assert (told("nofx_feed_lag_seconds"), told("nofx_feed_position")) == (0, fed)
    await stage.runs.close()
    await feeder.feed_once()
    await lag.read()
    assert told("nofx_feed_lag_seconds") == 0
    lag.forget()
    assert told("nofx_feed_position") is None


class Source(Reading):
    """A database that answers, fails, breaks or never answers, as it is told."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hanging = False
        self.reads = 0

    @override
    async def read(self) -> None:
        self.reads += 1
        if self.hanging:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        FEED_LAG.set(self.reads)

    @override
    def forget(self) -> None:
        FEED_LAG.forget()


async def test_a_scrape_answers_at_once_while_the_database_is_away(
    aiohttp_client: AiohttpClient, clock: FakeClock
) -> None:
    """With what was read last, and with its age, which then grows."""
    app = web.Application()
    health.add_own_routes(app)
    client = await aiohttp_client(app)
    source = Source()
    refresher = Refresher((source,), clock=clock)
    running = asyncio.create_task(refresher.run())

    async def scraped() -> tuple[float | None, float | None]:
        page = await Scrape.of(str(client.make_url("/metrics")))
        age = page.value("nofx_gauges_age_seconds")
        return page.value("nofx_feed_lag_seconds"), age

    await clock.advance(0)
    assert await scraped() == (1, 0)
    await clock.advance(5)
    assert await scraped() == (2, 0)
    source.error = StoreUnavailableError(reason="it is away")
    await clock.advance(5)
    assert await scraped() == (2, 5)
    source.error = ZeroDivisionError()
    await clock.advance(5)
    assert await scraped() == (2, 10)
    source.hanging = True
    await clock.advance(20)
    assert await scraped() == (2, 30)
    refresher.stop()
    await running
    assert await scraped() == (None, None)


async def test_what_takes_long_to_read_is_read_less_often(clock: FakeClock) -> None:
    """So that it costs the database a small part of its time; others do not wait."""

    class Slow(Source):
        @override
        async def read(self) -> None:
            self.reads += 1
            await clock.sleep(2)

    slow, quick = Slow(), Source()
    refresher = Refresher((slow, quick), clock=clock)
    running = asyncio.create_task(refresher.run())
    await clock.advance(0)
    await clock.advance(41)
    assert (slow.reads, quick.reads) == (1, 9)
    assert told("nofx_gauges_age_seconds") == 41
    await clock.advance(1)
    assert (slow.reads, quick.reads) == (2, 9)
    refresher.stop()
    await running


async def test_what_waited_in_vain_is_read_again_soon(clock: FakeClock) -> None:
    """When the database is back the numbers are, not a minute later."""

    class Away(Source):
        @override
        async def read(self) -> None:
            self.reads += 1
            if self.reads == 1:
                await clock.sleep(5)
                raise StoreUnavailableError(reason="it is away")

    away = Away(), Away()
    refresher = Refresher(away, clock=clock)
    with capture_logs() as logs:
        running = asyncio.create_task(refresher.run())
        await clock.advance(0)
        await clock.advance(5)
        await clock.advance(5)
    assert [one.reads for one in away] == [2, 2]
    assert told("nofx_gauges_age_seconds") == 0
    # Once for both, and not again with each try.
    assert [one["event"] for one in logs] == ["gauges.stale"]
    refresher.stop()
    await running
