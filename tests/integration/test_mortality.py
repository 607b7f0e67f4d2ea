"""Sessions end: people are told before, holds keep, and nothing is left after."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import (
    HoldNotFoundError,
    ItemNotFoundError,
    MortalWishError,
    SessionHeldError,
    SessionNotFoundError,
)
from core.events import schema
from core.memory.alert_store import COLLECTION as ALERTS
from core.memory.model import Session
from core.memory.policy import DAY, HOUR
from core.memory.schema import CONTENTS, ITEMS, SESSIONS
from core.store.database import Database, Document
from tests.fakes.clock import FakeClock
from tests.fakes.memory import LASTING, PULL, Remembering, message, remembering
from tests.fakes.notified import Receiver, receiving

LIFE = 90 * DAY


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Give somebody who takes notifications."""
    async with receiving() as made:
        yield made


@pytest.fixture
async def here(
    database: Database, clock: FakeClock, receiver: Receiver
) -> AsyncIterator[Remembering]:
    """Give the memory of one process that notifies."""
    made = await remembering(database, clock, notifier=receiver.notifier())
    yield made
    await made.close()


async def begun(here: Remembering, *texts: str) -> Session:
    """Return a session in which something was said, all of it sealed in."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message(one) for one in texts or ("one",)])
    await here.memory.sealing.flush()
    return session


async def stored(here: Remembering, session: Session) -> Document:
    """Return a session as it lies in the database."""
    found = await here.database.db[SESSIONS].find_one({"_id": session.id})
    assert found is not None
    return dict(found)


async def keep_content(here: Remembering, session: Session) -> None:
    """Store a content of a workspace."""
    document = {"_id": f"{session.id}:d", "session": session.id, "size": 1}
    document |= {"sealed": b"x", "stored_at": here.clock.now()}
    await here.database.db[CONTENTS].insert_one(document)


async def told(here: Remembering, session: Session) -> list[str]:
    """Return the types of what was told of a session, oldest first."""
    events = await here.memory.sealing.telling.events(session.id)
    return [one.type for one in events]


async def thresholds(here: Remembering, session: Session) -> list[tuple[int, int]]:
    """Return generation and threshold of each alert that was told."""
    events = await here.memory.sealing.telling.events(session.id)
    return [
        (one.generation, one.threshold)
        for one in events
        if isinstance(one, schema.MemoryExpiring)
    ]


async def pass_time(here: Remembering, clock: FakeClock, seconds: int) -> None:
    """Let time pass, with somebody who sweeps every ten minutes while it matters."""
    left = seconds
    while left > 0:
        step = min(left, 600 if left <= 8 * DAY else left - 8 * DAY)
        clock.jump(step)
        left -= step
        if left % HOUR == 0:
            await here.sweeper.sweep()


async def test_what_is_over_is_not_read_though_nobody_has_swept(
    here: Remembering, clock: FakeClock
) -> None:
    """The scope begins anew at once."""
    session = await begun(here)
    clock.jump(LIFE)

    for read in (here.memory.read, here.memory.session):
        with pytest.raises(SessionNotFoundError):
            await read(session.id)
    with pytest.raises(SessionNotFoundError):
        await here.memory.append(session.id, [message("late")])
    other = await here.memory.of(PULL)
    assert other.id != session.id
    await here.memory.append(other.id, [message("new")])


async def test_people_are_told_three_times_and_then_it_is_erased_in_order(
    here: Remembering, clock: FakeClock, receiver: Receiver
) -> None:
    """Nothing is left but places, and a tombstone that says when the key went."""
    session = await begun(here, "one", "two")
    await keep_content(here, session)
    for left in (7 * DAY, DAY, HOUR):
        clock.jump((session.expires_at - clock.now()).total_seconds() - left - 1)
        await here.sweeper.sweep()
        before = len(receiver.taken)
        clock.jump(1)
        await here.sweeper.sweep()
        await here.sweeper.sweep()
        assert len(receiver.taken) == before + 1
        assert (await here.memory.read(session.id))[0].content == {"text": "one"}
    assert await thresholds(here, session) == [(1, 7 * DAY), (1, DAY), (1, HOUR)]

    clock.jump(HOUR)
    await here.sweeper.sweep()

    left_over = await stored(here, session)
    assert (left_over["state"], "key" in left_over) == ("ended", False)
    gone = left_over["shredded"]["effective_live_at"]
    assert gone == clock.now()
    assert left_over["shredded"]["effective_backups_by"] == gone + LASTING.backups
    assert not await here.database.db[CONTENTS].find({}).to_list(None)
    items = await here.database.db[ITEMS].find({}).to_list(None)
    assert [("sealed" in one, one["author"]) for one in items] == [(False, "")] * 3
    assert (await told(here, session))[-1] == "memory.erased"
    audit = [one.events[0] for one in await here.audit.volume(1)]
    assert [getattr(one, "action", "") for one in audit] == [
        "memory.end",
        "memory.erase",
    ]
    assert set(receiver.keys.values()) == {1}
    assert receiver.taken[0][0] == f"{session.id}/session/1/{7 * DAY}/http"
    assert "octo/hello#7 ends within 7 days" in receiver.taken[0][1]["text"]


async def test_the_places_of_what_was_erased_are_given_up_later(
    here: Remembering, clock: FakeClock
) -> None:
    """By then nobody can think any more that the session lives."""
    session = await begun(here, "one", "two")
    await here.mortality.end(session.id, actor="ada", reason="asked for")
    await here.sweeper.sweep()
    assert len(await here.database.db[ITEMS].find({}).to_list(None)) == 3

    clock.jump(LIFE + 2 * HOUR)
    await here.sweeper.sweep()

    assert not await here.database.db[ITEMS].find({}).to_list(None)
    assert (await stored(here, session))["state"] == "ended"


async def test_of_alerts_that_were_missed_the_tightest_is_told(
    here: Remembering, clock: FakeClock, receiver: Receiver
) -> None:
    """And what ended unseen waits for as long as that alert promises."""
    session = await begun(here)
    clock.jump(LIFE + 60)

    await here.sweeper.sweep()

    assert await thresholds(here, session) == [(1, HOUR)]
    assert len(receiver.taken) == 1
    assert "has ended" in receiver.taken[0][1]["text"]
    assert (await stored(here, session))["state"] == "live"
    clock.jump(HOUR - 1)
    await here.sweeper.sweep()
    assert (await stored(here, session))["state"] == "live"
    clock.jump(1)
    await here.sweeper.sweep()
    assert (await stored(here, session))["state"] == "ended"


async def test_nothing_is_erased_before_its_alert_arrived_or_the_grace_is_over(
    here: Remembering, clock: FakeClock, receiver: Receiver
) -> None:
    """A receiver that is away is asked again, ever more seldom."""
    session = await begun(here)
    receiver.answers += [500] * 1000
    clock.jump(LIFE - 60)
    await here.sweeper.sweep()
    clock.jump(60 + int(LASTING.grace.total_seconds()) - 1)
    await here.sweeper.sweep()
    assert (await stored(here, session))["state"] == "live"
    assert await thresholds(here, session) == [(1, HOUR)]

    clock.jump(1)
    await here.sweeper.sweep()
    assert (await stored(here, session))["state"] == "ended"
    receiver.answers.clear()
    clock.jump(HOUR)
    await here.sweeper.sweep()
    assert set(receiver.keys.values()) == {1}
    assert "memory.notified" in await told(here, session)


async def test_a_receiver_that_points_elsewhere_is_not_followed(
    here: Remembering, clock: FakeClock, receiver: Receiver
) -> None:
    """What it answers is no success; the same key is sent again."""
    await begun(here)
    receiver.answers += [302, 503]
    clock.jump(LIFE - 60)
    for _ in range(3):
        await here.sweeper.sweep()
        clock.jump(120)
    (key,) = receiver.keys
    assert (receiver.asked[key], receiver.keys[key]) == (3, 1)
    (alert,) = await here.database.db[ALERTS].find({}).to_list(None)
    assert (alert["state"], alert["attempts"]) == ("told", 3)


async def test_an_item_begins_no_generation_until_somebody_was_told(
    here: Remembering, clock: FakeClock
) -> None:
    """Whoever was told that it ends hears of it again when its end has moved."""
    session = await begun(here)
    for _ in range(3):
        clock.jump(DAY)
        await begun(here, "more")
        await here.sweeper.sweep()
    assert (await here.memory.session(session.id)).generation == 1
    clock.jump(LIFE - 6 * DAY)
    await here.sweeper.sweep()
    assert await thresholds(here, session) == [(1, 7 * DAY)]

    await begun(here, "and more")
    clock.jump(DAY)
    await here.sweeper.sweep()
    assert await thresholds(here, session) == [(1, 7 * DAY)]
    clock.jump(LIFE - 7 * DAY)
    await here.sweeper.sweep()

    assert await thresholds(here, session) == [(1, 7 * DAY), (2, 7 * DAY)]


async def test_a_renewal_begins_a_generation_and_can_bring_back_what_is_over(
    here: Remembering, clock: FakeClock
) -> None:
    """As long as nobody has begun to erase it."""
    session = await begun(here)
    clock.jump(LIFE + 1)
    await here.sweeper.sweep()
    until = clock.now() + timedelta(days=30)

    renewed = await here.mortality.renew(
        session.id, until=until, actor="ada", reason="still needed"
    )

    assert (renewed.generation, renewed.expires_at) == (2, until)
    assert len(await here.memory.read(session.id)) == 1
    clock.jump(23 * DAY)
    await here.sweeper.sweep()
    assert await thresholds(here, session) == [(1, HOUR), (2, 7 * DAY)]
    with pytest.raises(MortalWishError):
        await here.mortality.renew(session.id, until=clock.now(), actor="a", reason="b")
    with pytest.raises(MortalWishError):
        await here.mortality.renew(session.id, until=until, actor="ada", reason=" ")


async def test_what_is_held_is_kept_from_everyone_and_read_beyond_its_end(
    here: Remembering, clock: FakeClock
) -> None:
    """Released, it has time for each of its alerts."""
    session = await begun(here)
    hold = await here.mortality.hold(
        session.id, kind="legal", reason="case 7", actor="ada"
    )
    assert "purge_after" not in await stored(here, session)
    await begun(here, "while it is held")
    assert "purge_after" not in await stored(here, session)
    clock.jump(2 * LIFE)
    await here.sweeper.sweep()
    assert len(await here.memory.read(session.id)) == 2
    with pytest.raises(SessionHeldError, match="case 7"):
        await here.mortality.end(session.id, actor="eve", reason="I want to")
    assert await thresholds(here, session) == []

    with pytest.raises(HoldNotFoundError):
        await here.mortality.release(session.id, "hold_x", actor="ada", reason="done")
    await here.mortality.release(session.id, hold.id, actor="ada", reason="done")

    assert "purge_after" in await stored(here, session)
    assert len(await here.memory.read(session.id)) == 2
    await pass_time(here, clock, 12 * DAY)
    assert await thresholds(here, session) == [(2, 7 * DAY), (2, DAY), (2, HOUR)]
    assert (await stored(here, session))["state"] == "ended"
    kept = {"memory.held", "memory.released"}
    assert kept < set(await told(here, session))


async def test_held_items_outlive_their_session_alone(
    here: Remembering, clock: FakeClock
) -> None:
    """The rest is neither shown nor kept; the scope goes on with another session."""
    session = await begun(here, "one", "two", "three")
    hold = await here.mortality.hold(
        session.id, kind="pinned", reason="mine", actor="ada", items=(2,)
    )
    clock.jump(LIFE)
    assert [one.seq for one in await here.memory.read(session.id)] == [2]
    other = await here.memory.of(PULL)
    assert other.id != session.id

    await pass_time(here, clock, 4 * DAY)

    assert [one.content for one in await here.memory.read(session.id)] == [
        {"text": "two"}
    ]
    items = await here.memory.store.items(session.id, 1, 3)
    assert ["sealed" in one for one in items] == [False, True, False]
    await here.mortality.release(session.id, hold.id, actor="ada", reason="done")
    await pass_time(here, clock, 12 * DAY)
    assert (await stored(here, session))["state"] == "ended"


async def test_items_with_an_end_of_their_own_go_before_and_the_chain_holds(
    here: Remembering, clock: FakeClock, receiver: Receiver
) -> None:
    """Those of one day are told of together."""
    session = await begun(here, "stays")
    soon = clock.now() + timedelta(days=20)
    drafts = [replace(message(one), expires_at=soon) for one in ("goes", "too")]
    await here.memory.append(session.id, drafts)
    await here.memory.sealing.flush()

    await pass_time(here, clock, 21 * DAY)

    assert [one.seq for one in await here.memory.read(session.id)] == [1, 4]
    events = await here.memory.sealing.telling.events(session.id)
    (erased,) = [one for one in events if isinstance(one, schema.MemoryErased)]
    assert (erased.items, erased.reason) == ((2, 3), "expired")
    alerts = [one for one in events if isinstance(one, schema.MemoryExpiring)]
    assert [(one.subject, one.threshold) for one in alerts] == [
        ("items", 7 * DAY),
        ("items", DAY),
        ("items", HOUR),
    ]
    assert Counter(key.split("/")[1] for key in receiver.keys) == {"items": 3}
    there = await remembering(here.database, clock)
    await there.memory.append(session.id, [message("goes on")])
    assert [one.seq for one in await there.memory.read(session.id)] == [1, 4, 5]
    await there.close()


async def test_a_held_item_is_kept_beyond_an_end_of_its_own(
    here: Remembering, clock: FakeClock
) -> None:
    """One that is erased cannot be held."""
    session = await begun(here, "stays")
    soon = clock.now() + timedelta(days=2)
    drafts = [replace(message(one), expires_at=soon) for one in ("goes", "held")]
    await here.memory.append(session.id, drafts)
    await here.memory.sealing.flush()
    await here.mortality.hold(
        session.id, kind="pinned", reason="mine", actor="ada", items=(3,)
    )
    await pass_time(here, clock, 4 * DAY)

    assert [one.seq for one in await here.memory.read(session.id)] == [1, 3, 4]
    for seq in (2, 99):
        with pytest.raises(ItemNotFoundError):
            await here.mortality.hold(
                session.id, kind="legal", reason="late", actor="ada", items=(seq,)
            )


async def test_who_deletes_a_session_leaves_nothing_and_nobody_writes_it_back(
    here: Remembering, clock: FakeClock
) -> None:
    """Not even a process that still thinks that it lives."""
    session = await begun(here)
    there = await remembering(here.database, clock)
    await there.memory.read(session.id)
    await begun(here, "unseen over there")

    await here.mortality.end(session.id, actor="ada", reason="asked for")

    with pytest.raises(SessionNotFoundError):
        await there.memory.append(session.id, [message("late")])
    with pytest.raises(SessionNotFoundError):
        await here.mortality.end(session.id, actor="ada", reason="again")
    events = await here.memory.sealing.telling.events(session.id)
    (erased,) = [one for one in events if isinstance(one, schema.MemoryErased)]
    assert (erased.reason, erased.actor, erased.why) == ("deleted", "ada", "asked for")
    assert not [
        one
        for one in await here.database.db[ITEMS].find({}).to_list(None)
        if "sealed" in one
    ]
    await there.close()


async def test_a_process_that_notifies_nobody_leaves_alerts_to_others(
    here: Remembering, clock: FakeClock, receiver: Receiver
) -> None:
    """It sweeps to an end, and who has somewhere to send them sends them."""
    session = await begun(here)
    quiet = await remembering(here.database, clock)
    receiver.answers = [503]
    clock.jump((session.expires_at - clock.now()).total_seconds() - DAY)
    await here.sweeper.sweep()
    clock.jump(3600)

    async with asyncio.timeout(10):
        await quiet.sweeper.sweep()

    await here.sweeper.sweep()
    assert len(receiver.taken) == 1
    await quiet.close()


async def test_three_sweepers_at_once_send_each_alert_once(
    here: Remembering, clock: FakeClock, receiver: Receiver
) -> None:
    """Whoever claims it, and however many sessions there are."""
    crew = [
        await remembering(here.database, clock, notifier=receiver.notifier())
        for _ in range(2)
    ]
    sessions = []
    for pull in range(1, 9):
        session = await here.memory.of(replace(PULL, pull=pull))
        await here.memory.append(session.id, [message("one")])
        sessions.append(session)
    await here.memory.sealing.flush()

    for left in (7 * DAY, DAY, HOUR, 0):
        clock.jump((sessions[0].expires_at - clock.now()).total_seconds() - left)
        await asyncio.gather(*(one.sweeper.sweep() for one in (here, *crew)))
        clock.jump(61)
        await here.sweeper.sweep()

    assert len(receiver.taken) == 8 * 3
    assert set(receiver.keys.values()) == {1}
    for session in sessions:
        kinds = Counter(await told(here, session))
        assert kinds["memory.expiring"] == kinds["memory.notified"] == 3
        assert kinds["memory.erased"] == 1
        assert (await stored(here, session))["state"] == "ended"
    for one in crew:
        await one.close()


async def test_what_is_left_of_a_session_that_the_database_purged_is_deleted(
    here: Remembering,
) -> None:
    """With its document went its key."""
    session = await begun(here)
    other = await here.memory.of(replace(PULL, pull=8))
    await here.memory.append(other.id, [message("stays")])
    await here.database.db[SESSIONS].delete_one({"_id": session.id})

    await here.sweeper.sweep()

    left = await here.database.db[ITEMS].find({}).to_list(None)
    assert {one["session"] for one in left} == {other.id}
    await here.memory.sealing.flush()


async def test_who_asks_sees_what_ends_soon_as_far_as_it_may(
    here: Remembering, clock: FakeClock
) -> None:
    """What is held does not end."""
    first = await here.memory.of(PULL)
    clock.jump(DAY)
    second = await here.memory.of(replace(PULL, pull=8))
    held = await here.memory.of(replace(PULL, pull=9))
    await here.mortality.hold(held.id, kind="legal", reason="case", actor="ada")

    async def soon(days: int, *hidden: str) -> list[str]:
        found = await here.mortality.expiring(
            timedelta(days=days), sees=lambda one: one.id not in hidden
        )
        return [one.id for one in found]

    assert await soon(89) == [first.id]
    assert await soon(90) == [first.id, second.id]
    assert await soon(90, first.id) == [second.id]


async def test_a_sweeper_looks_twice_a_minute_until_it_is_stopped(
    here: Remembering, clock: FakeClock
) -> None:
    """What is due meanwhile is done by it, and it ends when it is told to."""
    session = await begun(here)
    clock.jump(LIFE - 60)
    running = asyncio.create_task(here.sweeper.run())
    for _ in range(2):
        await clock.sleeping()
        assert await thresholds(here, session) in ([], [(1, HOUR)])
        await clock.advance(30)
    await clock.sleeping()
    assert await thresholds(here, session) == [(1, HOUR)]
    here.sweeper.stop()
    await running
