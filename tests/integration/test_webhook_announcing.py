"""What became of deliveries is told in the journal, each thing once."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.webhooks.delivery import DeliveryState
from bot.webhooks.outcome import Done
from bot.webhooks.place import Place
from core.clock import Ids
from core.store.database import Database
from tests.fakes.announcing import (
    LATER,
    Fuse,
    Killed,
    MortalJournal,
    MortalOutbox,
    Process,
    arrival,
    story,
    types,
)
from tests.fakes.clock import FakeClock
from tests.fakes.inboxes import document, take

ODD = "delivery/odd"


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database with all that nofx has."""
    return database


async def test_an_arrival_is_told_with_whom_it_is_about(store: Database) -> None:
    """And then nothing is left in the outbox."""
    process = Process(store, FakeClock())
    await process.deliveries.add(arrival())

    assert await process.announcer.tell() == 1

    about = {"repository": "octo/hello", "pull": 7, "installation_id": 42}
    received = {"event": "pull_request", "action": "opened", **about}
    assert await story(store) == [(1, "delivery.received", received)]
    assert not {"announce", "untold"} & set(await document(store, "a"))
    assert await process.announcer.tell() == 0


async def test_what_is_turned_away_is_told_in_one_commit(store: Database) -> None:
    """It was taken in and ignored by one decision; secrets in reasons are masked."""
    process = Process(store, FakeClock())
    await process.deliveries.add(arrival(ignored="no use for hunter2"))

    await process.announcer.tell()

    told = await story(store)
    assert types(told) == [(1, "delivery.received"), (1, "delivery.ignored")]
    assert told[1][2] == {
        "event": "pull_request",
        "action": "opened",
        "repository": "octo/hello",
        "reason": "no use for [masked]",
    }


async def test_secrets_are_looked_for_where_nobody_waits(store: Database) -> None:
    """To load what finds them takes seconds; the loop has deliveries to acknowledge."""
    looked: list[tuple[str, bool]] = []

    def mask(text: str) -> str:
        here = threading.current_thread() is threading.main_thread()
        looked.append((text, here))
        return text

    process = Process(store, FakeClock(), mask=mask)
    for guid in ("a", "b", "c"):
        await process.deliveries.add(arrival(guid, ignored="talk"))
        await process.announcer.tell()

    assert looked == [("talk", False)]


@pytest.mark.parametrize("told_between", [True, False])
async def test_ends_are_told_after_the_arrival(
    store: Database,
    told_between: bool,  # noqa: FBT001 # a parameter
) -> None:
    """Given up, sent again and ignored in the end; whether it was told of meanwhile."""
    clock = FakeClock()
    process = Process(store, clock)

    async def go_on() -> None:
        clock.jump(1)
        if told_between:
            await process.announcer.tell()

    await process.deliveries.add(arrival())
    await go_on()
    await process.end("away", dead=True)
    await go_on()
    await process.deliveries.redeliver("a")
    await go_on()
    await process.end("away still", dead=True)
    await go_on()
    await process.deliveries.redeliver("a")
    await process.end("it is a draft")
    await process.announcer.tell()

    told = await story(store)
    assert types(told) == [
        (1, "delivery.received"),
        (2, "delivery.dead_lettered"),
        (3, "delivery.dead_lettered"),
        (4, "delivery.ignored"),
    ]
    assert [one[2]["reason"] for one in told[1:]] == [
        *("away", "away still", "it is a draft"),
    ]
    assert [one[2].get("attempts") for one in told[1:]] == [1, 2, None]


async def test_a_good_end_is_told_by_what_it_brought_about(store: Database) -> None:
    """The run's own events are the story; the delivery has no more to say."""
    process = Process(store, FakeClock())
    await process.deliveries.add(arrival())
    held = await take(process.deliveries, seconds=30)
    await process.deliveries.finish(held, Done())

    await process.announcer.tell()

    assert types(await story(store)) == [(1, "delivery.received")]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("writes", range(5))
async def test_a_kill_at_any_write_loses_and_repeats_nothing(
    store: Database,
    writes: int,
    after: bool,  # noqa: FBT001 # a parameter
) -> None:
    """Another process tells the rest, also of news that came in between."""
    clock = FakeClock()
    fuse = Fuse(writes, after=after)
    journal = MortalJournal(store, clock=clock, ids=Ids(clock))
    first = Process(store, clock, journal=journal)
    outbox = MortalOutbox(store, name=first.deliveries.name, clock=clock)
    journal.fuse = outbox.fuse = fuse
    await first.deliveries.add(arrival())
    clock.jump(1)
    await first.end("away", dead=True)
    await first.deliveries.add(arrival("b", ignored="talk"))
    killed = False
    try:
        await first.with_outbox(outbox, clock).tell()
    except Killed:
        killed = True
    second = Process(store, clock)
    clock.jump(1)
    await second.deliveries.redeliver("a")
    await second.end("it is a draft")
    clock.jump(LATER)
    await second.announcer.tell()

    # Three commits and one update are made: only the fifth kill comes too late.
    assert killed is (writes < 4)
    assert types(await story(store)) == [
        (1, "delivery.received"),
        (2, "delivery.dead_lettered"),
        (3, "delivery.ignored"),
    ]
    assert types(await story(store, "b")) == [
        *((1, "delivery.received"), (1, "delivery.ignored")),
    ]
    assert await second.outbox.own(most=10) == []
    clock.jump(LATER)
    assert await second.outbox.left(most=10) == []


async def test_processes_that_tell_at_once_repeat_nothing(store: Database) -> None:
    """Six of them find the same forty deliveries that one has left behind."""
    clock = FakeClock()
    gone = Process(store, clock)
    guids = [f"g{number}" for number in range(40)]
    await asyncio.gather(*(gone.deliveries.add(arrival(guid)) for guid in guids))
    clock.jump(1)
    for candidate in await gone.deliveries.due(DeliveryState.RECEIVED, most=5):
        held = await gone.deliveries.claim(candidate, owner="w", seconds=30)
        assert held is not None
        await gone.deliveries.bury(held, "away")
    clock.jump(LATER)

    processes = [Process(store, clock) for _ in range(6)]
    while await processes[0].outbox.left(most=1):
        await asyncio.gather(*(one.announcer.tell() for one in processes))

    told = [types(await story(store, guid)) for guid in guids]
    assert sum(len(one) for one in told) == 45
    assert all(one[0] == (1, "delivery.received") for one in told)


async def test_news_that_come_between_the_event_and_the_mark_are_kept(
    store: Database,
) -> None:
    """What was read is compared with what is there before the mark is taken away."""
    clock = FakeClock()
    process = Process(store, clock)
    await process.deliveries.add(arrival())
    (seen,) = await process.outbox.own(most=10)
    clock.jump(1)
    await process.end("it is a draft")

    await process.outbox.told([seen])
    await process.announcer.tell()

    assert types(await story(store)) == [
        *((1, "delivery.received"), (2, "delivery.ignored")),
    ]


async def test_fresh_news_of_another_process_are_left_to_it(store: Database) -> None:
    """It is about to tell them; after a few seconds anybody does."""
    clock = FakeClock()
    first, second = Process(store, clock), Process(store, clock)
    await first.deliveries.add(arrival())

    assert await second.announcer.tell() == 0
    clock.jump(LATER * 2)
    assert await second.announcer.tell() == 1


async def test_news_that_the_database_refuses_hold_nobody_up(store: Database) -> None:
    """Program and validator disagree about one; it is told by the log alone."""
    clock = FakeClock()
    process = Process(store, clock)
    await store.db.command("collMod", "journal", validator={"stream": {"$ne": ODD}})
    for guid in ("odd", "a"):
        await process.deliveries.add(arrival(guid))

    with capture_logs() as logged:
        await process.announcer.tell()

    assert [(one["event"], one["delivery"]) for one in logged] == [
        ("announcer.refused", "odd")
    ]
    assert types(await story(store)) == [(1, "delivery.received")]
    assert await process.announcer.tell() == 0


async def test_news_that_no_event_can_hold_hold_nobody_up(store: Database) -> None:
    """The journal takes no number that JSON does not keep, though the inbox does."""
    process = Process(store, FakeClock())
    odd = Place(repository="octo/hello", pull=2**53)
    await process.deliveries.add(replace(arrival("odd"), place=odd))
    await process.deliveries.add(arrival())

    with capture_logs() as logged:
        await process.announcer.tell()

    assert [(one["event"], one["delivery"]) for one in logged] == [
        ("announcer.refused", "odd")
    ]
    assert types(await story(store)) == [(1, "delivery.received")]
    assert await process.announcer.tell() == 0


async def test_a_guid_that_comes_again_after_its_purge_goes_on(
    store: Database,
) -> None:
    """The journal remembers longer than the deliveries do."""
    clock = FakeClock()
    process = Process(store, clock)
    await process.deliveries.add(arrival())
    await process.announcer.tell()
    await store.db.deliveries.delete_one({"_id": "a"})
    clock.jump(timedelta(days=8).total_seconds())

    await process.deliveries.add(arrival())
    await process.announcer.tell()

    assert types(await story(store)) == [
        *((1, "delivery.received"), (2, "delivery.received")),
    ]
