"""Whose processor time it is: what a handler's coroutines and threads use is timed.

Wall time says nothing of that, for other handlers run while one waits.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, ContextVar
from time import perf_counter, thread_time
from typing import Any, ParamSpec, TypeVar

from typing_extensions import override

from core.metrics.handlers import HANDLER_CPU, HANDLER_SECONDS, HANDLERS

T = TypeVar("T")
P = ParamSpec("P")


class Account:
    """What one handler has used so far.

    The loop's thread alone adds to `seconds`: it does so at every turn of a coroutine,
    and a lock would cost as much as the rest.
    """

    __slots__ = ("_in_threads", "_lock", "handler", "seconds", "took")

    def __init__(self, handler: str) -> None:
        self.handler = handler
        self.took = HANDLER_SECONDS.child(handler=handler).observe
        self.seconds = 0.0
        self._in_threads = 0.0
        self._lock = threading.Lock()

    @property
    def total(self) -> float:
        """Return all of it, in seconds."""
        return max(0.0, self.seconds + self._in_threads)

    def add_in_thread(self, seconds: float) -> None:
        """Add what a thread has used that is not the loop's."""
        with self._lock:
            self._in_threads += seconds


class Call(Account):
    """What one call of a handler has used so far; the handler is charged along.

    For a few calls that somebody wants to read, since each turn then costs two sums.
    """

    __slots__ = ("_handler_account", "_own")

    def __init__(self, handler: str) -> None:
        known = _accounts.get(handler) or _opened(handler)
        self._handler_account = known
        self._own = 0.0
        super().__init__(known.handler)

    @override  # type: ignore[explicit-override] # one above it says so
    @property
    def seconds(self) -> float:
        """Return what it used in the loop's thread."""
        return self._own

    @seconds.setter
    def seconds(self, now: float) -> None:
        self._handler_account.seconds += now - self._own
        self._own = now

    @override
    def add_in_thread(self, seconds: float) -> None:
        super().add_in_thread(seconds)
        self._handler_account.add_in_thread(seconds)


# By names that are allowed, and so bounded.
_accounts: dict[str, Account] = {}
_charged: ContextVar[Account | None] = ContextVar("handler", default=None)


def _opened(handler: str) -> Account:
    known = HANDLERS.of(handler)
    return _accounts.setdefault(known, Account(known))


def _used() -> dict[tuple[str, ...], float]:
    return {(one.handler,): one.total for one in tuple(_accounts.values())}


HANDLER_CPU.ask(_used)


async def handled(handler: str | Call, work: Coroutine[Any, Any, T]) -> T:
    """Await `work`, and charge what it and the tasks that it starts use to a handler.

    A handler within a handler is charged to itself alone. Given a call, that can be
    read for itself.
    """
    if isinstance(handler, Call):
        account: Account = handler
    else:
        account = _accounts.get(handler) or _opened(handler)
    token = _charged.set(account)
    began = perf_counter()
    try:
        return await Timed(work, account)
    finally:
        _charged.reset(token)
        account.took(perf_counter() - began)


def current_handler() -> str | None:
    """Return the handler that the caller works for."""
    account = _charged.get()
    return None if account is None else account.handler


class _Within(threading.local):
    """Holds, for each thread, what was charged inside of what is being timed."""

    def __init__(self) -> None:
        self.seconds = [0.0]


_within = _Within()


class Timed(Coroutine[Any, Any, T]):
    """A coroutine each of whose turns is timed; in all else it is what it wraps.

    It is for the thread in which it is made.
    """

    __slots__ = ("_account", "_send", "_within", "wrapped")

    def __init__(self, wrapped: Coroutine[Any, Any, T], account: Account) -> None:
        self.wrapped = wrapped
        self._send = wrapped.send
        self._account = account
        self._within = _within.seconds

    def __next__(self) -> Any:
        # Written out, for tasks and `await` call it at every turn of every handler.
        within = self._within
        outside, within[0] = within[0], 0.0
        began = thread_time()
        try:
            return self._send(None)
        finally:
            took = thread_time() - began
            self._account.seconds += took - within[0]
            within[0] = outside + took

    @override
    def send(self, value: Any) -> Any:
        return self._turn(self._send, value)

    @override
    def throw(self, *error: Any) -> Any:
        return self._turn(self.wrapped.throw, *error)

    def _turn(self, turn: Callable[..., Any], *given: Any) -> Any:
        within = self._within
        outside, within[0] = within[0], 0.0
        began = thread_time()
        try:
            return turn(*given)
        finally:
            took = thread_time() - began
            self._account.seconds += took - within[0]
            within[0] = outside + took

    @override
    def close(self) -> None:
        self.wrapped.close()

    @override
    def __await__(self) -> Generator[Any, Any, T]:
        # An iterator is what `await` asks for; that it is no generator, nobody sees.
        return self

    def __iter__(self) -> "Timed[T]":
        return self

    def __getattr__(self, name: str) -> Any:
        """Return what debuggers and `repr` ask a coroutine for, such as `cr_frame`."""
        return getattr(self.wrapped, name)


class _HandlerTask(asyncio.Task[T]):
    """A task that shows the coroutine that it was made for."""

    @override
    def get_coro(self) -> Any:
        shown = super().get_coro()
        return shown.wrapped if isinstance(shown, Timed) else shown


class _HandlerThreads(ThreadPoolExecutor):
    """Threads that charge their time to whoever sent them work."""

    @override
    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        account = _charged.get()
        if account is None:
            return super().submit(fn, *args, **kwargs)
        return super().submit(_timed_call, account, fn, args, kwargs)


def _timed_call(account: Account, call: Callable[..., T], args: Any, kwargs: Any) -> T:
    began = thread_time()
    try:
        return call(*args, **kwargs)
    finally:
        account.add_in_thread(thread_time() - began)


@contextmanager
def accounting(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Follow handlers into the tasks and threads that they start, within the body.

    The loop keeps the threads, which charge nobody where there is no handler.
    """
    before = loop.get_task_factory()
    loop.set_task_factory(_following(before))
    loop.set_default_executor(_HandlerThreads(thread_name_prefix="asyncio"))
    try:
        yield
    finally:
        loop.set_task_factory(before)


def _following(before: Any) -> Any:
    def make(
        loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any],
        **options: Any,
    ) -> asyncio.Future[Any]:
        context: Context | None = options.get("context")
        account = _charged.get() if context is None else context.get(_charged)
        kind = asyncio.Task if account is None else _HandlerTask
        work = coro if account is None else Timed(coro, account)
        if before is not None:
            return before(loop, work, **options)  # type: ignore[no-any-return] # its own
        task = kind(work, loop=loop, **options)
        trace = getattr(task, "_source_traceback", None)
        if trace:  # in debug mode: what is shown is the line that asked for the task
            del trace[-2:]
        return task

    return make
