"""Processor time goes to the handler that used it, and nothing else is changed."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar, copy_context
from time import thread_time
from typing import Any

import pytest

from core.metrics.handler_cpu import Call, accounting, current_handler, handled
from core.metrics.handlers import HANDLERS
from tests.fakes.measures import Measures

HANDLERS.allow("test:a", "test:b", "test:c")
# The machine may be busy: what is charged may be so much off, in seconds.
SLACK = 0.02
LABEL: ContextVar[str] = ContextVar("label", default="none")


def burn(seconds: float) -> None:
    """Use the processor for so long, whatever the clock on the wall says."""
    end = thread_time() + seconds
    while thread_time() < end:
        pass


async def burning(seconds: float, *, rests: int = 4) -> None:
    """Use the processor in pieces, and let others have it in between."""
    for _ in range(rests):
        burn(seconds / rests)
        await asyncio.sleep(0.001)


@pytest.fixture
async def accounts() -> AsyncIterator[Callable[[str], float]]:
    """Give what is charged to a handler since the test began."""
    measures = Measures()
    with accounting(asyncio.get_running_loop()):
        yield lambda name: measures.moved(
            "nofx_handler_cpu_seconds_total", handler=name
        )


def close_to(seconds: float) -> Any:
    """Return what equals a true cost as well as that can be told."""
    return pytest.approx(seconds, abs=SLACK)


async def test_two_handlers_at_once_pay_each_their_own(
    accounts: Callable[[str], float],
) -> None:
    """On the wall both take as long; on the processor one takes four times as long."""
    measures = Measures()
    await asyncio.gather(
        handled("test:a", burning(0.2)), handled("test:b", burning(0.05))
    )
    assert accounts("test:a") == close_to(0.2)
    assert accounts("test:b") == close_to(0.05)
    for name in ("test:a", "test:b"):
        count = "nofx_handler_duration_seconds_count"
        assert measures.moved(count, handler=name) == 1


async def test_children_and_their_children_are_the_handlers(
    accounts: Callable[[str], float],
) -> None:
    """A task group, a gather, and a task that outlives its handler."""
    late: list[asyncio.Task[None]] = []

    async def family() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(burning(0.05))
            await asyncio.gather(burning(0.03), burning(0.02))
        late.append(asyncio.create_task(burning(0.05)))

    other = asyncio.create_task(burning(0.1))
    await handled("test:a", family())
    await late[0]
    await other
    assert accounts("test:a") == close_to(0.15)


async def test_a_handler_within_a_handler_pays_for_itself(
    accounts: Callable[[str], float],
) -> None:
    """Nothing is counted twice."""

    async def outer() -> None:
        burn(0.03)
        await handled("test:b", burning(0.06))
        assert current_handler() == "test:a"
        burn(0.03)

    assert current_handler() is None
    await handled("test:a", outer())
    assert current_handler() is None
    assert accounts("test:a") == close_to(0.06)
    assert accounts("test:b") == close_to(0.06)


async def test_threads_are_the_handlers_too(accounts: Callable[[str], float]) -> None:
    """What is put off to a thread costs as much as what is not."""
    await handled("test:a", asyncio.to_thread(burn, 0.08))
    await asyncio.to_thread(burn, 0.05)
    assert accounts("test:a") == close_to(0.08)


async def test_time_of_nobody_is_charged_to_nobody(
    accounts: Callable[[str], float],
) -> None:
    """Where no handler is, tasks are plain tasks."""
    task = asyncio.create_task(burning(0.03))
    assert type(task) is asyncio.Task
    await task
    assert accounts("test:a") == 0.0


async def test_what_fails_is_charged_and_fails_as_it_would(
    accounts: Callable[[str], float],
) -> None:
    """The error, its text and its traceback are the handler's own."""

    async def failing() -> None:
        await burning(0.03)
        raise ZeroDivisionError("its own words")

    with pytest.raises(ZeroDivisionError, match="its own words") as caught:
        await handled("test:a", failing())
    assert caught.traceback[-1].name == "failing"
    assert accounts("test:a") == close_to(0.03)


@pytest.mark.usefixtures("accounts")
async def test_tasks_are_what_they_would_be() -> None:
    """Name, coroutine, context, stack, current task and cancellation."""
    seen: dict[str, object] = {}

    async def child(ready: asyncio.Event) -> None:
        seen["current"] = asyncio.current_task()
        seen["label"] = LABEL.get()
        LABEL.set("changed")
        ready.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            seen["cancelled"] = str(error)
            raise

    async def parent() -> None:
        LABEL.set("parents")
        ready = asyncio.Event()
        work = child(ready)
        task = asyncio.create_task(work, name="a child")
        await ready.wait()
        assert (task.get_name(), task.get_coro()) == ("a child", work)
        assert seen["current"] is task
        assert "child()" in repr(task)
        assert [frame.f_code.co_name for frame in task.get_stack()] == ["child"]
        assert (seen["label"], LABEL.get()) == ("parents", "parents")
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert seen["cancelled"] == "enough"

    await handled("test:a", parent())


async def test_a_given_context_says_whose_the_task_is(
    accounts: Callable[[str], float],
) -> None:
    """A task that works for all is nobody's, though a handler started it."""
    empty = copy_context()

    async def parent() -> None:
        await asyncio.create_task(burning(0.05), context=empty)
        burn(0.02)

    await handled("test:a", parent())
    assert accounts("test:a") == close_to(0.02)


async def test_asynchronous_generators_pass_through(
    accounts: Callable[[str], float],
) -> None:
    """Also one that is left before its end, and cleans up."""
    closed: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(100):
                burn(0.005)
                await asyncio.sleep(0)
                yield number
        finally:
            await asyncio.sleep(0)
            closed.append("closed")

    async def reading() -> int:
        total = 0
        source = numbers()
        async for number in source:
            total += number
            if number == 9:
                break
        assert inspect.isasyncgen(source)
        await source.aclose()
        return total

    assert await handled("test:a", reading()) == 45
    assert closed == ["closed"]
    assert accounts("test:a") == close_to(0.05)


async def test_a_factory_that_was_there_goes_on_making_tasks() -> None:
    """And it is there again afterwards."""
    made: list[str] = []

    def factory(
        loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
    ) -> asyncio.Task[Any]:
        made.append(type(coro).__name__)
        return asyncio.Task(coro, loop=loop, **options)

    async def parent() -> None:
        await asyncio.create_task(burning(0.0))

    loop = asyncio.get_running_loop()
    loop.set_task_factory(factory)
    with accounting(loop):
        await asyncio.create_task(burning(0.0))
        await handled("test:a", parent())
    assert made == ["coroutine", "Timed"]
    assert loop.get_task_factory() is factory


def test_debugging_shows_where_a_task_was_made() -> None:
    """The line is the handler's, not ours."""

    async def parent() -> str:
        task = asyncio.create_task(burning(0.0))
        shown = repr(task)
        await task
        return shown

    async def main() -> str:
        with accounting(asyncio.get_running_loop()):
            return await handled("test:a", parent())

    with asyncio.Runner(debug=True) as runner:
        shown = runner.run(main())
    assert "burning()" in shown
    assert "core/metrics" not in shown


def test_loops_in_several_threads_do_not_mix() -> None:
    """Each thread's time is its own."""
    measures = Measures()

    async def main(name: str, seconds: float) -> None:
        with accounting(asyncio.get_running_loop()):
            await handled(name, burning(seconds, rests=20))

    def run(name: str, seconds: float) -> None:
        asyncio.run(main(name, seconds))

    threads = [
        threading.Thread(target=run, args=("test:b", 0.1)),
        threading.Thread(target=run, args=("test:c", 0.05)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    charged = "nofx_handler_cpu_seconds_total"
    assert measures.moved(charged, handler="test:b") == close_to(0.1)
    assert measures.moved(charged, handler="test:c") == close_to(0.05)


async def test_one_call_of_a_handler_can_be_read_for_itself(
    accounts: Callable[[str], float],
) -> None:
    """With its tasks and threads; the handler is charged for all of its calls."""

    async def family(seconds: float) -> None:
        await asyncio.gather(burning(seconds), asyncio.to_thread(burn, seconds))

    first, second = Call("test:a"), Call("test:a")
    await asyncio.gather(handled(first, family(0.1)), handled(second, family(0.02)))
    assert first.total == close_to(0.2)
    assert second.total == close_to(0.04)
    both = first.total + second.total
    assert accounts("test:a") == pytest.approx(both, abs=1e-6)
