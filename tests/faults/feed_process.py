"""A process of the feed's fault tests: appends to shared streams, or feeds."""

import asyncio
import random
import signal
import sys
from pathlib import Path

from core.clock import Ids, SystemClock
from core.errors import StoreUnavailableError
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed.feeder import Feeder, Pace
from core.store.database import Database, connect
from tests.fakes.histories import append_next

STREAMS = 8
PACE = Pace(lease=0.8, renew=0.2, silence=1.5, longest=0.05)


async def appending(database: Database, said: Path, stop: asyncio.Event) -> None:
    """Append bursts, and write down each id once it is acknowledged."""
    clock = SystemClock()
    journal = Journal(database, clock=clock, ids=Ids(clock))
    rng = random.Random(said.name)  # noqa: S311 # where to append next
    with said.open("a", buffering=1) as answers:
        while not stop.is_set():
            streams = rng.sample([f"x/{n}" for n in range(STREAMS)], 3)
            jobs = (append_next(journal, clock, stream) for stream in streams)
            for commit in await asyncio.gather(*jobs):
                answers.write(f"{commit.id}.0\n")
            await asyncio.sleep(rng.choice([0, 0, 0.02]))
    await journal.close()


async def feeding(database: Database, holder: str, stop: asyncio.Event) -> None:
    """Feed whenever the role is free."""
    feeder = Feeder(database, holder=holder, clock=SystemClock(), bus=Bus(), pace=PACE)
    running = asyncio.create_task(feeder.run())
    await stop.wait()
    feeder.stop()
    await running


async def main(role: str, url: str, name: str, said: str) -> None:
    """Do one role until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # From here on it ends well when it is asked to.
    await asyncio.to_thread(Path(said).touch)
    database = connect(url, name=name, embedded=True)
    try:
        if role == "append":
            await appending(database, Path(said), stop)
        else:
            await feeding(database, Path(said).name, stop)
    except StoreUnavailableError:
        sys.exit(3)
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
