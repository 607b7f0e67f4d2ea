"""What processes do with the journal and the feed, until they have done it or die."""

import asyncio
from collections.abc import Awaitable, Callable

from core.clock import Ids, SystemClock
from core.events.bus import Bus
from core.events.journal import Journal
from core.events.writers import Writers
from core.feed.feeder import Feeder, Pace
from core.feed.page import MOST_ENTRIES
from core.store.database import Database
from tests.fakes.histories import append, append_next
from tests.faults.deaths import Said

CLOCK = SystemClock()
STREAMS = ("x/1", "x/2", "x/3")
# Short looks and a renewal a round: many writes, and so many places to die. Who comes
# after a dead one does not wait long for its lease.
BUSY = {"lease": 0.1, "renew": 0.001, "shortest": 0.001, "longest": 0.01, "register": 0}
WAITS = Pace(**BUSY, batch=3)
ENDS_LOGS = Pace(**BUSY, batch=3, silence=0)


def journal_of(database: Database, bus: Bus | None = None) -> Journal:
    """Return the journal of one more process."""
    return Journal(database, clock=CLOCK, ids=Ids(CLOCK), bus=bus)


async def leave_logs(database: Database) -> None:
    """Leave all that a feeder can meet: logs that ended, broke off, never began."""
    closed, killed, quiet = (journal_of(database) for _ in range(3))
    await append(closed, CLOCK, "x/1", 1)
    await append(killed, CLOCK, "x/1", 2, events=MOST_ENTRIES + 1)
    await append(killed, CLOCK, "x/2", 1)
    await append(closed, CLOCK, "x/2", 2)
    await append(quiet, CLOCK, "x/3", 1)
    await Writers(database, clock=CLOCK).register("w_registered_and_killed")
    await closed.close()


async def append_all(database: Database, said: Said) -> None:
    """Append to several streams at once, twice, and end the log."""
    journal = journal_of(database)
    await append_in_groups(journal, said)
    await journal.close()


async def append_in_groups(journal: Journal, said: Said) -> None:
    """Append to several streams at once, and say what was acknowledged."""

    async def one(stream: str) -> None:
        commit = await append_next(journal, CLOCK, stream)
        said.add(f"{commit.id}.0")

    for _ in range(2):
        await asyncio.gather(*map(one, STREAMS))


async def feed_all(database: Database, _: Said) -> None:
    """Lead until every log has ended, is in the feed, and nobody looks at it."""
    writers = Writers(database, clock=CLOCK)

    async def none_left() -> bool:
        return not await writers.live()

    await feed_until(none_left, database, Bus(), ENDS_LOGS)


async def feed_until(
    done: Callable[[], Awaitable[bool]], database: Database, bus: Bus, pace: Pace
) -> None:
    """Run a feeder until something is so."""
    feeder = Feeder(database, holder="f", clock=CLOCK, bus=bus, pace=pace)
    feeding = asyncio.create_task(feeder.run())
    while not await done():  # noqa: ASYNC110 - it is so in the database
        await asyncio.sleep(0.005)
    feeder.stop()
    await feeding


async def append_and_feed(database: Database, said: Said) -> None:
    """Be a whole process: append, feed what is appended meanwhile, and leave."""
    bus, writers = Bus(), Writers(database, clock=CLOCK)
    journal = journal_of(database, bus)
    name = journal.writer

    async def append_and_leave() -> None:
        await append_in_groups(journal, said)
        await journal.close()

    appending = asyncio.create_task(append_and_leave())

    async def left() -> bool:
        return appending.done() and not await writers.is_live(name)

    await feed_until(left, database, bus, WAITS)
    await appending
