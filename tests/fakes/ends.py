"""Sessions that end in every way, so that all that is asked of the database is seen."""

from dataclasses import replace
from datetime import timedelta

from core.memory.due import DueStore
from core.memory.policy import DAY
from core.memory.redaction_standing import RedactionStanding
from core.memory.redaction_store import RedactionStore
from core.memory.schema import SESSIONS
from core.memory.standing import MemoryStanding
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import LASTING, PULL, Remembering, message, remembering
from tests.fakes.notified import receiving


async def sessions_end(database: Database) -> None:
    """Hold, renew, expire and delete sessions; purge one as the database would."""
    clock = FakeClock()
    async with receiving() as receiver:
        here = await remembering(database, clock, notifier=receiver.notifier())
        policy = replace(LASTING, tombstone=timedelta(days=1))
        brief = await remembering(
            database, clock, notifier=receiver.notifier(), policy=policy
        )
        await all_of_them_end(here, clock)
        clock.jump(2 * LASTING.days * DAY)
        await brief.sweeper.sweep()
        await leave_orphan(database, here)
        clock.jump(2 * DAY)
        await brief.sweeper.sweep()
        await MemoryStanding(DueStore(database), clock=clock).read()
        await RedactionStanding(RedactionStore(database), clock=clock).read()
        for one in (here, brief):
            await one.close()


async def leave_orphan(database: Database, here: Remembering) -> None:
    """Leave an item of a session that the database purged."""
    session = await here.memory.of(replace(PULL, pull=10))
    await here.memory.append(session.id, [message("one")])
    await here.memory.sealing.flush()
    await database.db[SESSIONS].delete_one({"_id": session.id})


async def all_of_them_end(here: Remembering, clock: FakeClock) -> None:
    """Let sessions and items of them come to their ends."""
    session = await here.memory.of(PULL)
    soon = clock.now() + timedelta(days=2)
    drafts = [message("stays"), replace(message("goes"), expires_at=soon)]
    await here.memory.append(session.id, drafts)
    held = await here.mortality.hold(
        session.id, kind="legal", reason="case", actor="ada", items=(1,)
    )
    for _ in range(5):
        clock.jump(DAY)
        await here.sweeper.sweep()
    await here.mortality.release(session.id, held.id, actor="ada", reason="closed")
    until = clock.now() + timedelta(days=30)
    await here.mortality.renew(session.id, until=until, actor="ada", reason="more")
    await here.mortality.expiring(timedelta(days=90), sees=lambda _: True)
    other = await here.memory.of(replace(PULL, pull=8))
    await here.memory.append(other.id, [message("one")])
    await here.mortality.end(other.id, actor="ada", reason="asked for")
    third = await here.memory.of(replace(PULL, pull=9))
    await here.memory.append(third.id, [message("one")])
