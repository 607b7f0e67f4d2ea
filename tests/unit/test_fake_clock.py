"""The clock of the tests keeps time's promises."""

import asyncio

from tests.fakes.clock import NOON, FakeClock


async def test_time_stands_still_until_it_is_moved(clock: FakeClock) -> None:
    """Nothing passes by itself; what is moved shows in both readings."""
    assert clock.now() == NOON
    await clock.advance(1.5)
    clock.jump(0.0006)
    assert (clock.now() - NOON).total_seconds() == 1.5
    assert clock.monotonic() == 1.5006


async def test_sleepers_wake_in_the_order_of_their_times(clock: FakeClock) -> None:
    """Each sees the very time it asked for, though one step passed them all."""
    seen: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 9.0), ("early", 2.0), ("twin", 2.0)):
            group.create_task(sleep(name, seconds))
        await clock.sleeping(3)
        await clock.advance(1)
        assert clock.asleep == 3
        await clock.advance(10)
    assert seen == [("early", 2.0), ("twin", 2.0), ("late", 9.0)]
    assert clock.monotonic() == 11


async def test_a_loop_runs_once_a_period(clock: FakeClock) -> None:
    """A task that sleeps again within the span wakes again, at its own times."""
    beats: list[float] = []

    async def beat() -> None:
        while True:
            await clock.sleep(10)
            beats.append(clock.monotonic())

    task = asyncio.create_task(beat())
    await clock.sleeping()
    await clock.advance(35)
    task.cancel()
    assert beats == [10, 20, 30]


async def test_a_cancelled_sleeper_is_forgotten(clock: FakeClock) -> None:
    """It neither counts nor wakes."""
    task = asyncio.create_task(clock.sleep(5))
    await clock.sleeping()
    task.cancel()
    await asyncio.wait([task])
    assert clock.asleep == 0
    await clock.advance(10)
    assert task.cancelled()


async def test_a_skipping_clock_sleeps_at_once() -> None:
    """A retry loop runs through, and the time it would have taken is on the clock."""
    clock = FakeClock(skipping=True)
    for pause in (1, 2, 4):
        await clock.sleep(pause)
    assert clock.monotonic() == 7


async def test_sleeping_for_no_time_lets_others_run(clock: FakeClock) -> None:
    """Zero does not wait for the clock."""
    await clock.sleep(0)
    assert clock.asleep == 0
