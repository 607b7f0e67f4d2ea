"""All that is done with what is kept: deliveries, and blobs."""

from bot.webhooks.announcer import Announcer
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery, DeliveryState
from bot.webhooks.outbox import Outbox
from bot.webhooks.outcome import Done
from core.clock import Ids
from core.events.commit import Draft
from core.events.journal import Journal
from core.events.schema import CheckpointRedacted
from core.store.blobs import GRACE, Blobs, digest_of
from core.store.database import Database
from core.store.garbage import Sweep, collect
from tests.fakes.clock import FakeClock
from tests.fakes.inboxes import arrive
from tests.fakes.noise import noise


async def deliveries_are_worked(database: Database) -> None:
    """Let one succeed, one be put back, one be given up and sent again."""
    clock = FakeClock()
    deliveries = Deliveries(database, clock=clock)
    await arrive(deliveries, "a", "b", "c")
    held = list[Delivery]()
    for one in await deliveries.due(DeliveryState.RECEIVED, most=10):
        taken = await deliveries.claim(one, owner="o", seconds=60)
        assert taken is not None
        held.append(taken)
    await deliveries.extend(held[0], seconds=60)
    await deliveries.finish(held[0], Done())
    await deliveries.put_back(held[1], due_at=clock.now(), reason="away")
    await deliveries.bury(held[2], "hopeless")
    assert await deliveries.dead()
    assert await deliveries.has_ended("unknown")
    assert await deliveries.known([held[0].guid, "unknown"]) == {held[0].guid}
    await deliveries.redeliver(held[2].guid)
    await arrive(deliveries, "a")
    journal = Journal(database, clock=clock, ids=Ids(clock))
    outbox = Outbox(database, name=deliveries.name, clock=clock)
    announcer = Announcer(outbox, journal, news=deliveries.news, mask=str, clock=clock)
    assert await announcer.tell()
    await journal.close()


async def append_redaction(database: Database, clock: FakeClock, digest: str) -> None:
    """Let the journal say that a state was erased."""
    journal = Journal(database, clock=clock, ids=Ids(clock))
    event = CheckpointRedacted(
        checkpoint_id="cp_1", digest=digest, actor="ann", reason="a key was in it"
    )
    now = clock.now()
    await journal.append(Draft(stream="x/2", seq=1, time=now, events=(event,)))
    await journal.close()


async def blobs_come_and_go(database: Database) -> None:
    """Store small and large ones, read them, store them again when old, sweep them."""
    clock = FakeClock()
    blobs = Blobs(database, clock=clock)
    large = noise(100_000)
    for _ in range(2):
        assert len(await blobs.get(await blobs.put(large))) == await blobs.size(
            digest_of(large)
        )
        await blobs.get(await blobs.put_json({"large": await blobs.put(large)}))
        clock.jump(GRACE.total_seconds() / 2)
    clock.jump(GRACE.total_seconds())
    touched = await blobs.put(large)
    await Sweep(database, cutoff=clock.now(), dry_run=False)._delete([touched])
    await append_redaction(database, clock, touched)
    await blobs.let_go(touched)
    clock.jump(GRACE.total_seconds() + 1)
    await collect(database, clock)
