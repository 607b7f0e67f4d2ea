"""What processes do about the ends of sessions, until done or dead."""

from dataclasses import replace
from datetime import timedelta

from bot.notifying import HttpNotifier
from core.clock import SystemClock
from core.memory.policy import DAY, HOUR
from core.memory.schema import CONTENTS
from core.store.database import Database
from tests.fakes.ahead import AheadClock
from tests.fakes.memory import LASTING, PULL, Remembering, message, remembering
from tests.fakes.notified import SECRET
from tests.faults.deaths import Said

LIFE = LASTING.days * DAY
# By a clock so far ahead the dead one's leases have run out, and what it tried to send
# is due again.
AFTER = 5 * 60
HOOK = "test_hook"
ITEMS_LIVE = 2 * DAY


async def process(database: Database, ahead: float) -> Remembering:
    """Be a process whose clock is so many seconds ahead."""
    hook = await database.db[HOOK].find_one({"_id": "url"})
    notifier = HttpNotifier(hook["url"], SECRET) if hook else None
    return await remembering(database, AheadClock(ahead), notifier=notifier)


async def sweep_at(database: Database, *ahead: float) -> None:
    """Sweep at one time after the other, each by another process."""
    for seconds in ahead:
        here = await process(database, seconds)
        await here.sweeper.sweep()
        await here.close()


async def leave_session(database: Database) -> str:
    """Leave a session in which two things were said, with a workspace."""
    here = await process(database, 0)
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message("one"), message("two")])
    content = {"_id": f"{session.id}:d", "session": session.id, "size": 1}
    content |= {"sealed": b"x", "stored_at": SystemClock().now()}
    await database.db[CONTENTS].insert_one(content)
    await here.close()
    return session.id


async def leave_alerted(database: Database) -> str:
    """Leave a session whose every alert has gone out."""
    session_id = await leave_session(database)
    await sweep_at(database, *(LIFE - one + 60 for one in (7 * DAY, DAY, HOUR)))
    return session_id


async def leave_items(database: Database) -> str:
    """Leave a session of which two items end soon, and everybody was told."""
    session_id = await leave_session(database)
    here = await process(database, 0)
    end = SystemClock().now() + timedelta(seconds=ITEMS_LIVE)
    drafts = [replace(message(one), expires_at=end) for one in ("goes", "too")]
    await here.memory.append(session_id, drafts)
    await here.close()
    await sweep_at(database, ITEMS_LIVE - DAY + 60, ITEMS_LIVE - HOUR + 60)
    return session_id


async def alert(database: Database, _: Said) -> None:
    """Sweep when the first alert is due."""
    await sweep_at(database, LIFE - 7 * DAY + 60)


async def erase(database: Database, _: Said) -> None:
    """Sweep when a session is over."""
    await sweep_at(database, LIFE + 60)


async def erase_items(database: Database, _: Said) -> None:
    """Sweep when items are over."""
    await sweep_at(database, ITEMS_LIVE + 60)


async def wish(database: Database, _: Said) -> None:
    """Hold a session, put its end off, and release it again."""
    here = await process(database, 0)
    session = await here.memory.of(PULL)
    hold = await here.mortality.hold(
        session.id, kind="legal", reason="case", actor="ada"
    )
    until = SystemClock().now() + timedelta(days=200)
    await here.mortality.renew(session.id, until=until, actor="bob", reason="more")
    await here.mortality.release(session.id, hold.id, actor="ada", reason="closed")
    await here.close()


async def delete(database: Database, said: Said) -> None:
    """Delete a session because somebody asked for it, and say that it is gone."""
    here = await process(database, 0)
    session = await here.memory.of(PULL)
    await here.mortality.end(session.id, actor="ada", reason="asked for")
    said.add("gone")
    await here.close()
