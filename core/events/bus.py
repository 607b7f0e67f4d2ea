"""What happens in this process, told to whoever listens; the feed is the truth."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from core.clock import Clock
from core.events.base import Payload
from core.events.just_appended import JustAppended

ROOM = 1000
P_co = TypeVar("P_co", bound=Payload, covariant=True)
P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True)
class Occurrence(Generic[P_co]):
    """One event that is durable in the journal; `id` is `stream:seq.index`."""

    id: str
    stream: str
    time: datetime
    event: P_co


@dataclass(frozen=True, slots=True)
class Lagged:
    """Stands where events were left out, and says how many: read them from the feed."""

    missed: int


class Happened(Protocol):
    """What the bus needs of a commit."""

    @property
    def id(self) -> str:
        """Return `stream:seq`."""
        ...

    @property
    def stream(self) -> str:
        """Return the stream's name."""
        ...

    @property
    def time(self) -> datetime:
        """Return when it was decided."""
        ...

    @property
    def events(self) -> tuple[Payload, ...]:
        """Return what happened, in order."""
        ...


class Bell:
    """Wakes whoever waits; `rings` counts, so that none is missed in between."""

    def __init__(self) -> None:
        self.rings = 0
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits now."""
        self.rings += 1
        self._rung.set()
        self._rung = asyncio.Event()

    async def rung(self, seen: int) -> None:
        """Return once it has rung after `seen` rings."""
        if self.rings == seen:
            await self._rung.wait()

    async def wait(self, seen: int, *, seconds: float, clock: Clock) -> bool:
        """Return True once it has rung after `seen` rings, False after `seconds`."""
        if self.rings != seen:
            return True
        rung = asyncio.ensure_future(self._rung.wait())
        late = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait({rung, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rung.cancel()
            late.cancel()
        return self.rings != seen


class Subscription(Generic[P]):
    """A bounded queue of one listener; leave it with `with`, or it fills for nothing.

    When the listener is too slow, events are left out until it has caught up, and a
    `Lagged` stands where they would have been.
    """

    def __init__(self, bus: "Bus", types: tuple[type[P], ...], room: int) -> None:
        self.missed = 0
        self._bus = bus
        self._types = types
        self._room = room
        self._queue: deque[Occurrence[P]] = deque()
        self._left_out = 0
        self._closed = False
        self._arrived = asyncio.Event()

    @property
    def lagged(self) -> bool:
        """Return whether events are being left out now."""
        return self._left_out > 0

    def offer(self, occurrence: Occurrence[Payload]) -> None:
        """Queue an event if it is of a wanted type; never waits."""
        event = occurrence.event
        if not isinstance(event, self._types):
            return
        if self._left_out or len(self._queue) >= self._room:
            self._left_out += 1
            self.missed += 1
        else:
            self._queue.append(
                Occurrence(occurrence.id, occurrence.stream, occurrence.time, event)
            )
        self._arrived.set()

    def close(self) -> None:
        """Take no more; what is queued can still be read, then iteration ends."""
        self._closed = True
        self._arrived.set()
        self._bus.forget(self)

    async def next(self) -> Occurrence[P] | Lagged | None:
        """Return what comes next, waiting for it; None once closed and empty."""
        while True:
            if self._queue:
                return self._queue.popleft()
            if self._left_out:
                left_out, self._left_out = self._left_out, 0
                return Lagged(left_out)
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()

    async def __aiter__(self) -> AsyncIterator[Occurrence[P] | Lagged]:
        while (occurrence := await self.next()) is not None:
            yield occurrence

    def __enter__(self) -> "Subscription[P]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Bus:
    """Publishes durable commits; `appended` rings for them, `paged` for new pages.

    `cut` rings when older pages say something else than they did. `newest` are the last
    commits, for the feeder. All is a hint and a shortcut. A process that dies between
    the append and the publish tells nobody, and only the feed tells what happened in
    other processes.
    """

    def __init__(self) -> None:
        self.appended = Bell()
        self.paged = Bell()
        self.cut = Bell()
        self.newest = JustAppended()
        self._subscriptions: list[Subscription[Payload]] = []

    def subscribe(self, *types: type[P], room: int = ROOM) -> Subscription[P]:
        """Return a queue of the events of these types; subclasses count too.

        `Payload` itself stands for all. `room` is how many may wait.
        """
        subscription = Subscription(self, types, room)
        # Only `offer`, `close` and identity are used on it, whatever its types are.
        self._subscriptions.append(subscription)  # type: ignore[arg-type] # see above
        return subscription

    def forget(self, subscription: object) -> None:
        """Publish no more to this one; Subscription.close calls it."""
        self._subscriptions = [
            one for one in self._subscriptions if one is not subscription
        ]

    def publish(self, commits: Sequence[Happened]) -> None:
        """Tell every listener, in the order of the commits; never waits."""
        for commit in commits if self._subscriptions else ():
            for index, event in enumerate(commit.events):
                name = f"{commit.id}.{index}"
                occurrence = Occurrence(name, commit.stream, commit.time, event)
                for subscription in self._subscriptions:
                    subscription.offer(occurrence)
        self.appended.ring()

    def close(self) -> None:
        """End every subscription and wake everybody who waits."""
        for subscription in self._subscriptions:
            subscription.close()
        self.appended.ring()
        self.paged.ring()
        self.cut.ring()
