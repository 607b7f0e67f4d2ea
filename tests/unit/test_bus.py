"""Telling what happened to the listeners of one process."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.events.base import Payload
from core.events.bus import Bell, Bus, Lagged, Occurrence
from core.events.schema import (
    FindingMove,
    FindingPosted,
    FindingVerified,
    ModelCalled,
    RunCreated,
    RunMove,
    RunStateChanged,
    RunSuperseded,
)
from core.runs import part_moves
from tests.fakes.clock import FakeClock

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SUPERSEDED = RunSuperseded(by_run="run_2", head_sha="a" * 40)
MOVED = RunStateChanged(
    transition="claim", from_="queued", to="running", actor="worker_1"
)


@dataclass(frozen=True)
class Told:
    """A commit as the bus sees it."""

    events: tuple[Payload, ...]
    stream: str = "run/1"
    seq: int = 1
    time: datetime = NOON

    @property
    def id(self) -> str:
        """Return `stream:seq`."""
        return f"{self.stream}:{self.seq}"


def told(*events: Payload, seq: int = 1) -> Sequence[Told]:
    """Return one commit of these events."""
    return [Told(events, seq=seq)]


async def test_a_listener_hears_the_types_it_asked_for() -> None:
    """Subclasses count, other types do not, and ids name the place in the journal."""
    bus = Bus()
    with bus.subscribe(RunMove) as moves, bus.subscribe(Payload) as everything:
        bus.publish(told(SUPERSEDED, MOVED))
        bus.publish(told(SUPERSEDED, seq=2))

        assert await moves.next() == Occurrence("run/1:1.1", "run/1", NOON, MOVED)
        heard = [await everything.next() for _ in range(3)]
    assert [one.id for one in heard if isinstance(one, Occurrence)] == [
        "run/1:1.0",
        "run/1:1.1",
        "run/1:2.0",
    ]
    assert await moves.next() is None


async def test_several_types_can_be_asked_for() -> None:
    """One queue holds them in the order in which they happened."""
    bus = Bus()
    with bus.subscribe(RunSuperseded, RunStateChanged, RunCreated) as some:
        bus.publish(told(MOVED, SUPERSEDED))
    assert [one.event async for one in some if isinstance(one, Occurrence)] == [
        MOVED,
        SUPERSEDED,
    ]


async def test_a_slow_listener_is_told_what_it_missed() -> None:
    """The publisher never waits; where events were left out stands how many."""
    bus = Bus()
    with bus.subscribe(Payload, room=2) as slow:
        for seq in range(1, 6):
            bus.publish(told(SUPERSEDED, seq=seq))
        lagged = [slow.lagged]
        first = await slow.next()
        bus.publish(told(SUPERSEDED, seq=6))  # still behind: it belongs to the gap
        heard = [first, await slow.next(), await slow.next()]
        lagged.append(slow.lagged)
        bus.publish(told(SUPERSEDED, seq=7))
        heard.append(await slow.next())

    ids = [one if isinstance(one, Lagged) else one and one.id for one in heard]
    assert ids == ["run/1:1.0", "run/1:2.0", Lagged(4), "run/1:7.0"]
    assert slow.missed == 4
    assert lagged == [True, False]


async def test_a_listener_that_waits_is_woken() -> None:
    """By an event, and by the end of the bus."""
    bus = Bus()
    heard: list[Payload] = []

    async def listen() -> None:
        with bus.subscribe(RunSuperseded) as queue:
            heard.extend(
                [one.event async for one in queue if isinstance(one, Occurrence)]
            )

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    bus.publish(told(MOVED))
    bus.publish(told(SUPERSEDED))
    await asyncio.sleep(0)
    assert heard == []
    bus.close()
    await listening
    assert heard == [SUPERSEDED]


async def test_who_has_left_is_not_told() -> None:
    """A queue that nobody reads any more does not grow."""
    bus = Bus()
    with bus.subscribe(ModelCalled) as left, bus.subscribe(RunSuperseded) as stays:
        left.close()
        bus.publish(told(SUPERSEDED))
        assert await left.next() is None
        assert isinstance(await stays.next(), Occurrence)
    assert bus.appended.rings == 1


async def test_the_bell_wakes_who_waits_and_forgets_no_ring() -> None:
    """A ring between the look and the wait counts; silence ends after the time."""
    bell, clock = Bell(), FakeClock()
    seen = bell.rings
    bell.ring()
    assert await bell.wait(seen, seconds=5, clock=clock)

    waiting = asyncio.create_task(bell.wait(bell.rings, seconds=5, clock=clock))
    await clock.sleeping()
    bell.ring()
    assert await waiting

    waiting = asyncio.create_task(bell.wait(bell.rings, seconds=5, clock=clock))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await clock.advance(4)
    assert not waiting.done()
    await clock.advance(1)
    assert not await waiting


async def test_a_family_of_types_is_heard_by_its_common_name() -> None:
    """Whoever follows findings names no type, and hears each."""
    bus = Bus()
    found = [
        part_moves.finding_moved(FindingVerified, "f", "proposed"),
        part_moves.finding_moved(FindingPosted, "f", "anchored", comment_id=1),
    ]
    with bus.subscribe(FindingMove) as heard:
        bus.publish([Told((MOVED, *found, SUPERSEDED))])
        heard.close()
        told = [one.event async for one in heard if isinstance(one, Occurrence)]
    assert told == found
