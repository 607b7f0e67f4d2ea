"""What processes do with deliveries, the index and runs, until done or dead."""

import random
from dataclasses import replace

from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import DeliveryState
from bot.webhooks.outcome import Done
from core.clock import Clock, Ids, SystemClock
from core.events.base import JSON
from core.events.bus import Bus
from core.feed import stretch
from core.feed.indexer import Indexer
from core.runs.effects import Write
from core.runs.pipeline import StepContext
from core.runs.worker import Worker
from core.store.database import Database
from tests.fakes.ahead import AheadClock
from tests.fakes.announcing import LATER, Process, arrival
from tests.fakes.feeds import entries, lay
from tests.fakes.stage import HASTY, QUICK, ScriptedPipeline, runs_over, subject
from tests.fakes.trimming import trimmed
from tests.faults.deaths import Said

CLOCK = SystemClock()
# By this clock the dead one's leases have run out.
AFTERWARDS = AheadClock(60)
EVENTS, BLOCK = 47, 10
STEPS = ("comment", "review")
UNHURRIED = replace(QUICK, heartbeat=60.0)


async def leave_deliveries(database: Database) -> None:
    """Leave one that came, one that was turned away, one that was given up."""
    process = Process(database, CLOCK)
    await process.deliveries.add(arrival("dead"))
    await process.end("it failed", dead=True)
    await process.deliveries.add(arrival("came"))
    await process.deliveries.add(arrival("away", ignored="not for us"))


async def tell(database: Database, _: Said) -> None:
    """Tell of what another process left, and leave."""
    process = Process(database, AheadClock(LATER))
    while await process.announcer.tell():
        continue
    await process.journal.close()


async def take_in(database: Database, said: Said) -> None:
    """Store a delivery, acknowledge it, ask for its run, and record that it is done."""
    await take_in_by(database, said, CLOCK)


async def take_in_by(database: Database, said: Said, clock: Clock) -> None:
    """Do what a process does with one delivery; GitHub sends it again if need be."""
    deliveries = Deliveries(database, clock=clock)
    await deliveries.add(arrival("came"))
    said.add("202")
    runs = runs_over(database, clock)
    for state in (DeliveryState.RECEIVED, DeliveryState.PROCESSING):
        for due in await deliveries.due(state, most=9):
            held = await deliveries.claim(due, owner="inbox", seconds=5)
            if held is not None:
                asked = await runs.request(subject(), held.guid)
                await runs.release(asked.run_id)
                await deliveries.finish(held, Done())
    await runs.close()


async def leave_index(database: Database) -> None:
    """Leave a feed of several blocks, indexed as far as they are full."""
    await leave_feed(database)
    stretch.LENGTH = BLOCK
    await Indexer(database, holder="i", clock=CLOCK, bus=Bus()).index_once()


async def trim(database: Database, _: Said) -> None:
    """Trim all that can go."""
    stretch.LENGTH = BLOCK
    await trimmed(database, CLOCK)


async def trim_afterwards(database: Database) -> None:
    """Trim once the dead one's lease has run out."""
    await trimmed(database, AFTERWARDS)


async def leave_feed(database: Database) -> None:
    """Leave a feed of several blocks."""
    rng = random.Random(7)  # noqa: S311 # a feed from a number
    await lay(database, entries(EVENTS, rng), rng, most=7)


async def index(database: Database, _: Said) -> None:
    """Index what is full."""
    stretch.LENGTH = BLOCK
    await Indexer(database, holder="i", clock=CLOCK, bus=Bus()).index_once()


async def leave_run(database: Database) -> None:
    """Leave a run that waits for its worker."""
    runs = runs_over(database)
    requested = await runs.request(subject(), "asked")
    await runs.release(requested.run_id)
    await runs.close()


async def walk(database: Database, said: Said) -> None:
    """Walk the run, whose steps write elsewhere."""
    await walk_by(database, said, CLOCK)


async def walk_by(database: Database, said: Said, clock: Clock) -> None:
    """Walk a run if one is due; each of its steps writes a line to what was said."""
    runs = runs_over(database, clock)
    pipeline = ScriptedPipeline(*STEPS)
    for name in STEPS:
        pipeline.script(name, lambda context: write_once(context, said))
    worker = Worker(
        runs,
        {pipeline.name: pipeline},
        name=Ids(clock).new("w"),
        pace=UNHURRIED,
        limits=HASTY,
    )
    await worker.reap()
    await worker.work_one()
    await runs.close()


async def write_once(context: StepContext, said: Said) -> JSON:
    """Write a line for each step that was begun, as a comment at GitHub is."""
    begun = [name for name, at in context.run.steps.items() if at == "running"]

    async def perform() -> JSON:
        said.add(*begun)
        return {}

    async def find() -> JSON | None:
        return {} if begun[0] in said.lines() else None

    (key,) = begun
    await context.effects.once(
        Write(key=key, kind="note", digest="d", perform=perform, find=find)
    )
    return {}
