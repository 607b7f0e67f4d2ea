"""One time for several machines, however wrong their own clocks are."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoreUnavailableError
from core.store.database import Database
from core.store.server_clock import EVERY, ServerClock
from tests.fakes.clock import NOON, FakeClock


class Server:
    """A server whose clock is `ahead` of this machine's, `there` and `back` away."""

    def __init__(self, clock: FakeClock, *, ahead: float) -> None:
        self.clock = clock
        self.ahead = ahead
        self.trips = [(0.0, 0.0)]
        self.away = False
        self.asked = 0

    async def time(self) -> datetime:
        """Answer the next question; the last trip is made again and again."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailableError(reason="it is away")
        there, back = self.trips.pop(0) if len(self.trips) > 1 else self.trips[0]
        self.clock.jump(there)
        told = self.clock.now() + timedelta(seconds=self.ahead)
        self.clock.jump(back)
        return told


@given(
    ahead=st.floats(-9_999, 9_999),
    trips=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=3, max_size=3),
)
async def test_the_time_is_the_servers(
    ahead: float, trips: list[tuple[float, float]]
) -> None:
    """It is wrong by half of the quickest round trip at most, and by no more."""
    server = Server(FakeClock(), ahead=ahead)
    server.trips = trips
    clock = ServerClock(server.time, clock=server.clock)
    await clock.refresh()
    error = abs(clock.offset.total_seconds() - ahead)
    assert error <= min(map(sum, trips)) / 2 + 0.003
    assert clock.now().microsecond % 1000 == 0


async def test_two_machines_agree() -> None:
    """One is an hour fast and the other an hour slow; both tell the server's time."""
    fast, slow = FakeClock(NOON + timedelta(hours=1)), FakeClock(NOON)
    clocks = []
    for clock, ahead in ((fast, -3600.0), (slow, 0.0)):
        clocks.append(ServerClock(Server(clock, ahead=ahead).time, clock=clock))
        await clocks[-1].refresh()
    assert clocks[0].now() == clocks[1].now() == NOON


async def test_what_a_round_trip_leaves_open_changes_nothing() -> None:
    """Time does not jitter with the network, and follows a clock that was set."""
    server = Server(FakeClock(), ahead=5.0)
    clock = ServerClock(server.time, clock=server.clock)
    await clock.refresh()
    assert clock.offset == timedelta(seconds=5)
    server.trips = [(0.9, 0.1)]
    await clock.refresh()
    assert clock.offset == timedelta(seconds=5)
    server.ahead, server.trips = 7.0, [(0.0, 0.0)]
    await clock.refresh()
    assert clock.offset == timedelta(seconds=7)


async def test_it_is_asked_every_minute_and_the_last_answer_holds() -> None:
    """A server that is away for a while leaves the time as it was."""
    machine = FakeClock()
    server = Server(machine, ahead=5.0)
    clock = ServerClock(server.time, clock=machine)
    setting = asyncio.create_task(clock.keep_right())
    await machine.sleeping()
    assert clock.now() == machine.now()
    await machine.advance(EVERY)
    assert clock.now() == machine.now() + timedelta(seconds=5)
    server.away, server.ahead, asked = True, 9.0, server.asked
    await machine.advance(EVERY)
    assert server.asked > asked
    assert clock.offset == timedelta(seconds=5)
    server.away = False
    await machine.advance(EVERY)
    assert clock.offset == timedelta(seconds=9)
    setting.cancel()
    with suppress(asyncio.CancelledError):
        await setting


async def test_waiting_and_measuring_are_the_machines_own() -> None:
    """Durations do not jump when the time is set."""
    machine = FakeClock(skipping=True)
    clock = ServerClock(Server(machine, ahead=99.0).time, clock=machine)
    await clock.refresh()
    await clock.sleep(2.5)
    assert clock.monotonic() == machine.monotonic() == 2.5


async def test_a_real_server_tells_its_time(database: Database) -> None:
    """Its answer has a time zone, and it is later when it is asked later."""
    first = await database.time()
    assert first.utcoffset() == timedelta()
    assert await database.time() >= first
