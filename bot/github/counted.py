"""Counts requests to GitHub, tells of them, and keeps what it says of its budgets."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from core.metrics.github import REMAINING, REQUEST_SECONDS, REQUESTS, RESOURCES
from core.runs.metering import Exchange, noted

REFUSED = 400


@dataclass(slots=True, kw_only=True)
class Asking:
    """A request that is under way; `status` is there once GitHub has answered.

    `answer` is as much of its body as has come. Bodies are told of where it `writes`,
    and where it is refused.
    """

    at: datetime
    method: str
    path: str
    request: bytes
    writes: bool
    status: int | None = None
    answer: bytes | bytearray = b""

    def exchange(self, seconds: float, error: str) -> Exchange:
        """Return it as what is noted of it."""
        refused = self.status is not None and self.status >= REFUSED
        read = self.writes or refused
        return Exchange(
            at=self.at,
            method=self.method,
            path=self.path,
            status=self.status,
            seconds=seconds,
            sent=len(self.request),
            received=len(self.answer),
            request=self.request if read else b"",
            answer=bytes(self.answer) if read else b"",
            error=error,
        )


@contextmanager
def asking(one: Asking) -> Iterator[Asking]:
    """Count the request that the body makes, and tell of it, however it ends."""
    began, error = time.perf_counter(), ""
    try:
        yield one
    except BaseException as ended:
        error = reason_of(ended)
        raise
    finally:
        status = "none" if one.status is None else f"{one.status // 100}xx"
        seconds = time.perf_counter() - began
        REQUESTS.inc(method=one.method, status=status)
        REQUEST_SECONDS.observe(seconds, method=one.method)
        noted(one.exchange(seconds, error))


def reason_of(error: BaseException) -> str:
    """Return an error's kind and text, without the headers its repr would show."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What GitHub allows one identity until a moment, in seconds of Unix time."""

    remaining: int
    limit: int
    until: float


class Budgets:
    """The budgets of all identities that this process spoke for, as last told.

    An identity that is gone takes its budgets with it.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._told: WeakKeyDictionary[object, dict[str, Budget]] = WeakKeyDictionary()

    def saw(self, identity: object, headers: Mapping[str, str]) -> None:
        """Keep what the headers of an answer say, if they say it whole."""
        resource = headers.get("x-ratelimit-resource", "core")
        names = ("remaining", "limit", "reset")
        told = [headers.get(f"x-ratelimit-{name}", "") for name in names]
        if all(number.isdecimal() for number in told):
            remaining, limit, until = map(int, told)
            budget = Budget(remaining=remaining, limit=limit, until=until)
            kept = self._told.setdefault(identity, {})
            kept[RESOURCES.of(resource)] = budget

    def lowest(self) -> Mapping[tuple[str, ...], float]:
        """Return what is left of the smallest, by resource; past its time one is full.

        So who is silent for an hour is not taken for one that has nothing left.
        """
        now, found = self._now(), dict[tuple[str, ...], float]()
        for kept in list(self._told.values()):
            for resource, budget in kept.items():
                left = budget.limit if budget.until <= now else budget.remaining
                found[(resource,)] = min(left, found.get((resource,), left))
        return found


BUDGETS = Budgets()
REMAINING.ask(BUDGETS.lowest)
