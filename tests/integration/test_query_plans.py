"""Every question that the code asks of the database is answered from an index."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.schema import SCHEMA
from core.access.service import Tokens
from core.access.store import TokenStore
from core.access.ticket_desk import TicketDesk
from core.access.ticket_store import TicketStore
from core.access.tokens import Scope
from core.audit.proof import AuditProver
from core.audit.reader import AuditFilter, AuditReader
from core.clock import Ids, SystemClock
from core.errors import ActiveRunError, ConcurrencyError
from core.events.bus import Bus
from core.events.journal import Journal
from core.events.redacting import JournalRedaction
from core.events.schema import AuditRecorded
from core.feed.feeder import Feeder
from core.feed.indexer import Indexer
from core.feed.lag import FeedLag
from core.feed.proof import FeedProver
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.feed.round import Pace as FeedPace
from core.feed.round import Round
from core.feed.stretch import LENGTH
from core.feed.trim import Trimmer
from core.memory.lister import SessionLister
from core.memory.listing import SessionFilter
from core.redaction.public_keys import public_keys
from core.review.ledger.rebuild import rebuild_findings
from core.review.ledger.service import Findings
from core.review.ledger.store import FindingStore
from core.runs.green import last_green
from core.runs.lister import RunLister
from core.runs.listing import RunFilter
from core.runs.pipeline import StepContext
from core.runs.rebuild import rebuild_runs
from core.runs.standing import standings
from core.runs.states import Status
from core.runs.work import Work, key_of
from core.store.database import Database, connect
from core.store.migrate import migrate
from core.store.roles import Roles
from tests.fakes.bundling import bundles_are_used
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.ends import sessions_end
from tests.fakes.feeds import entries, lay
from tests.fakes.histories import append
from tests.fakes.keeping import blobs_come_and_go, deliveries_are_worked
from tests.fakes.memory import PULL, message, remembering
from tests.fakes.memory_used import memory_is_used
from tests.fakes.queries import Query, QueryLog, scans
from tests.fakes.seen_reviews import seen
from tests.fakes.stage import QUICK, ScriptedPipeline, Stage, serving, subject
from tests.fakes.story_readers import reader_on
from tests.faults import redaction_stories as stories
from tests.faults.deaths import Said

CLOCK = SystemClock()

# Each reads a whole collection because it must, where nobody waits for it.
WHOLE = {
    Query("journal", "find", ()): "the garbage collector marks what entries name",
    Query("journal", "find", ("seq",)): "`migrate --rebuild` and `events verify`",
    Query("memory", "distinct", ()): "what is left of purged sessions, once a day",
    Query("memory_contents", "distinct", ()): "what is left of them, once a day",
    Query("work", "find", ("run_id $in",)): "a redaction deletes what runs left",
    Query("blobs", "find", ("codec",)): "a redaction asks who needs a part",
    Query("deliveries", "find", ("repository",)): "a redaction cuts a week of them",
    Query("signing_keys", "find", ()): "whoever verifies knows all of the few keys",
    Query("findings", "find", ()): "`nofx migrate --rebuild` compares every finding",
    Query("runs", "find", ()): "`nofx migrate --rebuild` compares every run",
}


@pytest.fixture
async def watched(
    mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Database, QueryLog]]:
    """Give a database with all that nofx has, and the log of what is asked of it."""
    log = QueryLog()
    log.watch(monkeypatch)
    database = connect(mongodb_url, name="test_plans", embedded=True)
    await migrate(database, replace(SCHEMA, version=1))
    await migrate(database, SCHEMA)
    yield database, log
    await database.client.drop_database("test_plans")
    await database.close()


async def runs_are_walked(stage: Stage) -> None:
    """Let runs succeed, give way, be lost and be cancelled."""
    runs = stage.runs
    large, waits = {"text": "large " * 20_000}, asyncio.Event()

    async def leaving(_: StepContext) -> dict[str, str]:
        return large

    async def asleep(_: StepContext) -> dict[str, str]:
        await waits.wait()
        return {}

    stage.pipeline.script("one", leaving)
    done = await stage.ask()
    again = await runs.request(subject(), "again", again=True)
    with suppress(ActiveRunError):
        await runs.release(again.run_id)
    async with serving(stage.worker(), stage.worker("second", own=True)):
        await stage.until(done, "succeeded", "cancelled")
    lost = await stage.ask("b", 2)
    stage.pipeline.script("one", asleep, leaving)
    frozen = stage.worker("frozen", pace=replace(QUICK, lease=0.05, heartbeat=60))
    zombie = asyncio.create_task(frozen.work_one())
    held = await stage.until(lost, "running")
    await runs.projection.heartbeat(held, CLOCK.now())
    async with serving(stage.worker("third", pace=replace(QUICK, heartbeat=0.01))):
        await stage.until(lost, "succeeded")
    # What the projector stores may be there already.
    await runs.projection.save_all([await runs.load(done)])
    waits.set()
    await zombie
    await runs.cancel(await stage.ask("c", 2), actor="ann", reason="no more")


async def runs_are_read(stage: Stage) -> None:
    """Read runs in every way, and rebuild them when they differ or are gone."""
    runs = stage.runs
    done = (await runs.projection.of_pull("octo/hello", 1))[0]["_id"]
    lost = (await runs.projection.of_pull("octo/hello", 2))[0]["_id"]
    await runs.projection.save(await runs.load(done))
    await runs.projection.of_head("octo/hello", "a" * 40)
    await runs.projection.of_fingerprint("0" * 16, "octo/hello", 5, before=CLOCK.now())
    await runs.current("octo/hello", 2)
    await stage.database.db["runs"].update_one({"_id": done}, {"$set": {"pull": 99}})
    await rebuild_runs(stage.database, runs)
    await stage.database.db["journal"].delete_many({"stream": f"run/{lost}"})
    await rebuild_runs(stage.database, runs)


async def runs_are_listed(stage: Stage) -> None:
    """List runs by each thing that narrows a list."""
    lister = RunLister(stage.database, clock=CLOCK)
    some = RunFilter()
    run_id = (await lister.page(some)).runs[0].id
    for narrowed in (
        some,
        replace(some, repository="octo/hello"),
        replace(some, repository="octo/hello", pull=1),
        replace(some, status=Status.SUCCEEDED),
        replace(some, pipeline="review"),
        replace(some, since=NOON, until=CLOCK.now()),
    ):
        page = await lister.page(narrowed, limit=1)
        await lister.page(narrowed, after=page.next, limit=1)
    await lister.page(replace(some, family=run_id))
    await last_green(lister, await stage.runs.load(run_id), as_of=CLOCK.now())
    await stage.runs.projection.of_family(run_id)
    await stage.runs.journal.erase_state(f"run/{run_id}", 1)


async def stories_are_read(stage: Stage) -> None:
    """Tell of each run why it came out as it did."""
    reader = reader_on(stage.database, stage.runs)
    for found in await stage.runs.projection.of_repository("octo/hello"):
        assert (await reader.read(found["_id"])).told


async def gauges_are_read(stage: Stage) -> None:
    """Look where all runs stand, and how far the feed has come."""
    standing = standings(stage.runs.projection, clock=CLOCK)
    for reading in (*standing, FeedLag(stage.database, clock=CLOCK)):
        await reading.read()
        reading.forget()


async def work_is_remembered(database: Database) -> None:
    """Keep the result of some work, and find it again."""
    work, key = Work(database, clock=CLOCK), key_of(["all", "that went into it"])
    await work.keep("review", "run_1", {key: {"found": 1}})
    assert await work.done([key])
    await work.forget([key], but_of="run_2")
    assert not await work.done([key])


async def sessions_are_listed(database: Database) -> None:
    """List sessions by each thing that narrows a list, and page through the audit."""
    here = await remembering(database, CLOCK)
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message("one")])
    await here.memory.sealing.flush()
    await here.audit.record(
        AuditRecorded(actor="ada", action="memory.read", subject=session.id)
    )
    lister = SessionLister(database, clock=CLOCK)
    some = SessionFilter()
    for narrowed in (
        some,
        replace(some, repository="octo/hello"),
        replace(some, repository="octo/hello", pull=7),
        replace(some, actor="ada"),
        replace(some, author="ada"),
        replace(some, held=True),
        replace(some, expiring_before=CLOCK.now()),
        replace(some, updated_since=NOON),
    ):
        page = await lister.page(narrowed, limit=1)
        await lister.page(narrowed, after=page.next, limit=1)
    assert (await AuditReader(here.journal).page(AuditFilter(since=NOON))).entries
    assert (await AuditProver(here.journal).prove()).entries
    await here.close()


async def findings_are_tracked(stage: Stage) -> None:
    """Find, decide, read and list findings, and rebuild what differs or is gone."""
    database = stage.database
    findings = Findings(database, stage.runs.journal, clock=CLOCK)
    place = ("octo/hello", 1)
    await findings.settle(*place, seen(["risk a", "risk b"]))
    await findings.settle(*place, seen(["risk a", "x"]))
    first, second = await findings.listed(*place)
    assert await findings.get(first["_id"])
    # A later state of it is there, and then a stray document.
    store = FindingStore(database)
    ledger = await findings.of(*place)
    await database.db["findings"].update_one(
        {"_id": first["_id"]}, {"$set": {"title": "lies"}}
    )
    await store.save(ledger)
    await database.db["findings"].delete_one({"_id": second["_id"]})
    await rebuild_findings(database, findings)
    await store.replace([{**first, "_id": "finding_" + "0" * 26}])
    assert await rebuild_findings(database, findings)


async def tokens_are_kept(database: Database) -> None:
    """Make a token and a ticket, find them, list the one and revoke it."""
    tokens = Tokens(TokenStore(database), clock=CLOCK, ids=Ids(CLOCK))
    issued = await tokens.create([Scope.READ])
    await tokens.authenticate(issued.secret)
    assert await tokens.list()
    desk = TicketDesk(TicketStore(database), tokens, clock=CLOCK)
    await desk.redeem((await desk.issue(issued.token)).secret)
    await tokens.revoke(issued.token.prefix)


async def the_feed_is_read(reader: FeedReader) -> None:
    """Look at both ends of the feed, and for one writer's commit."""
    assert await reader.after(await reader.head() - 1)
    assert await reader.oldest() == 1
    assert await reader.holding("w_nobody", 1)


async def the_feed_is_fed(database: Database) -> None:
    """Let two writers append to one stream, one fall silent, one end, and be fed."""
    clock = FakeClock()
    first, second = (Journal(database, clock=clock, ids=Ids(clock)) for _ in range(2))
    await append(first, clock, "x/1", 1)
    with suppress(ConcurrencyError):
        await append(second, clock, "x/1", 1)
    await append(second, clock, "x/1", 2)
    pace = FeedPace(silence=60)
    for seq in (3, 4):
        await Round(database, clock=clock, pace=pace).run()
        await append(first, clock, "x/1", seq)
    feeder = Feeder(database, holder="f", clock=clock, bus=Bus(), pace=pace)
    await feeder.feed_once()
    clock.jump(61)
    await Round(database, clock=clock, pace=pace).run()
    await append(second, clock, "x/1", 5)
    await second.close()
    await Round(database, clock=clock, pace=pace).run()
    await append(first, clock, "x/1", 6)
    await Round(database, clock=clock, pace=pace).run()
    await the_feed_is_read(FeedReader(database))
    roles = Roles(database, clock=clock)
    await roles.take("sweeper", "a", 60)
    clock.jump(61)
    lease = await roles.take("sweeper", "b", 60)
    assert lease is not None
    await roles.renew(lease, 60)
    await roles.hasten("sweeper", 60)
    await roles.note("sweeper")
    await first.close()


async def events_are_searched(database: Database) -> None:
    """Index a feed, look for what is in it, and make a block anew."""
    assert (await FeedProver(database, clock=CLOCK).prove()).head
    rng, clock = random.Random(1), FakeClock()  # noqa: S311 # a feed from a number
    found = entries(5 * LENGTH, rng, start=await FeedReader(database).head() + 1)
    await lay(database, found, rng, most=200)
    indexer = Indexer(database, holder="i", clock=clock, bus=Bus())
    assert await indexer.index_once()
    assert await indexer.rebuild(1)
    wanted = EventFilter(run_id="run_1", since=NOON, words=frozenset({"w7"}))
    await Replay(database).page(wanted)

    async def is_over(_: str, __: datetime) -> bool:
        return True

    trimmer = Trimmer(database, holder="t", clock=CLOCK, is_over=is_over)
    assert (await trimmer.trim(timedelta(0))).pages


async def test_every_question_has_an_index(
    watched: tuple[Database, QueryLog], tmp_path: Path
) -> None:
    """All calls of the driver are made, and none of them makes the server scan."""
    database, log = watched
    stage = Stage(database, ScriptedPipeline("one", "two"))
    await runs_are_walked(stage)
    await runs_are_listed(stage)
    await stories_are_read(stage)
    await runs_are_read(stage)
    await findings_are_tracked(stage)
    await work_is_remembered(database)
    await sessions_are_listed(database)
    await tokens_are_kept(database)
    await the_feed_is_fed(database)
    await events_are_searched(database)
    await gauges_are_read(stage)
    await deliveries_are_worked(database)
    await blobs_come_and_go(database)
    await sessions_end(database)
    await memory_is_used(database, FakeClock())
    await bundles_are_used(stage, tmp_path)
    await texts_are_redacted(database)
    await stage.runs.journal.close()
    asked = dict(log.asked)
    assert "\n".join(log.unwalked()) == ""
    scanned = {one for one in asked if await scans(database, one, asked[one])}
    assert scanned == WHOLE.keys()


async def texts_are_redacted(database: Database) -> None:
    """Take a text out of everything, and out of an entry that another has cut."""
    await stories.leave_everything(database)
    await public_keys(database)
    redaction = JournalRedaction(database, signer=stories.SIGNER, clock=CLOCK)
    seen = await redaction.stream("pull/octo/hello#1")
    for _ in range(2):
        await redaction.cut(seen, stories.wanted())
    await stories.redact(database, Said(Path("unused")))


async def test_a_question_without_an_index_is_seen(
    watched: tuple[Database, QueryLog],
) -> None:
    """The watch sees what is asked, and tells a scan from a lookup."""
    database, log = watched
    runs = database.db["runs"]
    await runs.find({"head_seq": {"$gt": 1}}).to_list(None)
    await runs.find({"status": "queued", "due_at": {"$lte": CLOCK.now()}}).to_list(None)
    seen = {
        one: await scans(database, one, asked)
        for one, asked in dict(log.asked).items()
        if one.collection == "runs"
    }
    assert seen == {
        Query("runs", "find", ("head_seq $gt",)): True,
        Query("runs", "find", ("due_at $lte", "status")): False,
    }
