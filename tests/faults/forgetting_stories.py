"""What processes do with a redaction, until it is everywhere or they die."""

from core.clock import Clock, SystemClock
from core.memory.model import Draft, Kind, Scope
from core.memory.redaction_rules import PatternTarget
from core.store.database import Database
from tests.fakes.ahead import AheadClock
from tests.fakes.copies import Copies
from tests.fakes.memory import PULL, Remembering, message, remembering
from tests.faults.deaths import Said

CLOCK = SystemClock()
# By this clock whatever a dead process held is anybody's.
AFTERWARDS = AheadClock(600)
SECRET = "correct horse battery staple"
OTHER = Scope(kind="pull", repository="octo/hello", pull=8)
TARGET = PatternTarget(pattern="correct [a-z ]*staple")


async def process(database: Database, clock: Clock = CLOCK) -> Remembering:
    """Return one more process."""
    return await remembering(database, clock, places=(Copies(database),))


async def leave_said(database: Database) -> None:
    """Leave what is to go, in two sessions, in a summary and in a copy."""
    here = await process(database)
    session = await here.memory.of(PULL)
    await here.memory.append(
        session.id,
        [
            message(f"it is {SECRET}"),
            message("well"),
            Draft(kind=Kind.SUMMARY, content={"text": "A password."}, lineage=(1, 2)),
            message(f"really {SECRET}?"),
        ],
    )
    other = await here.memory.of(OTHER)
    await here.memory.append(other.id, [message(f"not {SECRET}!"), message("no")])
    await Copies(database).put(f"ada: it is {SECRET}")
    await here.close()


async def redact(database: Database, said: Said) -> None:
    """Ask for a redaction, and carry it through."""
    here = await process(database)
    session = await here.memory.of(PULL)
    done = await here.redactions.request(
        session.id, TARGET, actor="boss", reason="a password"
    )
    said.add(done.status)
    await here.close()


async def forget(database: Database, said: Said) -> None:
    """Forget an item, and what summarises it."""
    here = await process(database)
    session = await here.memory.of(PULL)
    await here.redactions.forget(session.id, [1], actor="ada", reason="no more")
    said.add("forgotten")
    await here.close()


async def survive(database: Database) -> None:
    """Take up what a dead process left, as whoever comes does."""
    there = await process(database, AFTERWARDS)
    await there.redactions.take_up()
    await there.close()
