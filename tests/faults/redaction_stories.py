"""What a process does that takes a text out of everything, until done or dead."""

from dataclasses import replace
from random import Random

from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import DeliveryState, arrived
from bot.webhooks.outcome import Ignored
from bot.webhooks.place import Place
from bot.webhooks.redacting import DeliveryCopies
from core.clock import SystemClock
from core.events.base import JSON
from core.events.bus import Bus
from core.feed import stretch
from core.feed.feeder import Feeder
from core.feed.indexer import Indexer
from core.feed.redacting import FeedCopies
from core.rca.redacting import BundleCopies
from core.rca.schema import PART
from core.rca.store import BundleStore, Wanted
from core.redaction.places import Derived, Order
from core.runs.decisions import Decisions
from core.runs.model import Run
from core.runs.pipeline import StepContext
from core.runs.redacting import RunCopies
from core.runs.work import Work, key_of
from core.runs.work_redacting import WorkCopies
from core.runs.worker import Worker
from core.store.blobs import Blobs
from core.store.database import Database
from core.store.pieces import CUT_ABOVE
from tests.fakes.bundling import built_of
from tests.fakes.signing import FakeSigner, order, publish
from tests.fakes.stage import HASTY, QUICK, ScriptedPipeline, runs_over, subject
from tests.faults.deaths import Said

CLOCK = SystemClock()
SIGNER = FakeSigner()
SECRET = "the horse is called Rosinante"
BLOCK = 5
STEPS = ("read", "think")


def wanted() -> Order:
    """Return the order that all of them carry out."""
    return order(SECRET)


def filler(size: int) -> str:
    """Return text that is cut into parts."""
    return "".join(Random(size).choices("abcdefghij \n", k=size))  # noqa: S311 # filler


async def leave_everything(database: Database) -> None:
    """Leave two runs, work, a delivery and a feed that say the text in every way."""
    await publish(database, SIGNER)
    runs, blobs = runs_over(database, CLOCK), Blobs(database)
    diff = filler(CUT_ABOVE) + SECRET + filler(CUT_ABOVE * 2)

    async def reads(_: StepContext) -> JSON:
        return {"title": SECRET, "diff_blob": await blobs.put(diff.encode())}

    async def thinks(_: StepContext) -> JSON:
        return {"thought": filler(CUT_ABOVE) + SECRET}

    pipeline = ScriptedPipeline(*STEPS)
    pipeline.script("read", reads)
    pipeline.script("think", thinks)
    asked = replace(subject(), reason=f"because {SECRET}")
    first = (await runs.request(asked, "first")).run_id
    await runs.release(first)
    worker = Worker(runs, {"review": pipeline}, name="w", pace=QUICK, limits=HASTY)
    await worker.work_on(first)
    second = (await runs.request(replace(asked, head_sha="b" * 40), "second")).run_id
    await runs.release(second)
    work = Work(database, clock=CLOCK)
    await work.keep("file", first, {key_of(["a"]): {"said": SECRET}})
    await leave_delivery(database)
    await leave_bundle(database, first)
    await runs.close()
    await feed(database)


async def leave_delivery(database: Database) -> None:
    """Leave a delivery that was ignored for what it says."""
    deliveries = Deliveries(database, clock=CLOCK)
    body = f'{{"action": "created", "comment": {{"body": "{SECRET}"}}}}'.encode()
    arrival = arrived(guid="g", event="issue_comment", action="created", body=body)
    place = Place(repository="octo/hello", pull=1)
    await deliveries.add(replace(arrival, place=place))
    for due in await deliveries.due(DeliveryState.RECEIVED, most=9):
        held = await deliveries.claim(due, owner="inbox", seconds=5)
        assert held is not None
        await deliveries.finish(held, Ignored(f"it says {SECRET}"))


async def leave_bundle(database: Database, run_id: str) -> None:
    """Leave a bundle that says it in its row and in its parts."""
    store = BundleStore(database, clock=CLOCK, days=30)
    wanted = Wanted(run_id=run_id, repository="octo/hello", pull=1, seq=1)
    held = await store.begin(wanted, attempt="build_a", holder="h")
    assert held is not None
    data = [filler(PART).encode(), SECRET.encode()]
    for n, part in enumerate(data):
        await store.parts.add(held.attempt, n, part)
    built = built_of(run_id, b"".join(data), sentence=SECRET)
    assert await store.finish(held, built)


async def feed(database: Database) -> None:
    """Bring the feed and its index up to date."""
    stretch.LENGTH = BLOCK
    bus = Bus()
    await Feeder(database, holder="f", clock=CLOCK, bus=bus).feed_once()
    await Indexer(database, holder="i", clock=CLOCK, bus=bus).index_once()


async def redact(database: Database, _: Said) -> None:
    """Ask every place until a whole round leaves and changes nothing."""
    stretch.LENGTH = BLOCK
    runs = runs_over(database, CLOCK)

    async def call_off(run_id: str) -> Run:
        return await runs.cancel(
            run_id, actor="nofx", reason=f"{SECRET} {filler(CUT_ABOVE)} {SECRET}"
        )

    copies = RunCopies(
        database,
        runs,
        Decisions(runs),
        call_off=call_off,
        signer=SIGNER,
        clock=CLOCK,
    )
    places: tuple[Derived, ...] = (
        DeliveryCopies(database),
        copies,
        WorkCopies(database, runs.projection),
        FeedCopies(database, bus=Bus(), clock=CLOCK),
        BundleCopies(BundleStore(database, clock=CLOCK, days=30)),
    )
    moving = True
    while moving:
        answers = [await place.redact(wanted()) for place in places]
        moving = any(one.left or one.changed for one in answers)
        await runs.projector.drain()
        await feed(database)
    await runs.close()
    await feed(database)
