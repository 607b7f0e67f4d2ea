"""Tells the gauges how many runs stand where, as the projection has it."""

from typing_extensions import override

from core.clock import Clock
from core.metrics.gates import PENDING
from core.metrics.gauges import Reading
from core.metrics.runs import (
    COUNTED,
    QUEUE_DEPTH,
    QUEUE_OLDEST,
    UNDER_WAY,
    UNENDED,
    WAITING,
)
from core.runs.queue import RunQueue
from core.runs.states import Status


class Standing(Reading):
    """Reads one state; ended runs are counted when they end."""

    def __init__(self, queue: RunQueue, status: Status, *, clock: Clock) -> None:
        self._queue = queue
        self._status = status
        self._clock = clock

    @override
    async def read(self) -> None:
        status = self._status
        due = await self._queue.standing(status, at_most=COUNTED)
        UNENDED.set(len(due), status=status)
        if status in WAITING:
            QUEUE_DEPTH.set(len(due), status=status)
        if status is Status.QUEUED:
            waits = [(self._clock.now() - one).total_seconds() for one in due]
            QUEUE_OLDEST.set(max([0.0, *waits]))
        if status is Status.WAITING_GATE:
            PENDING.set(len(due))

    @override
    def forget(self) -> None:
        for gauge in (UNENDED, QUEUE_DEPTH, QUEUE_OLDEST, PENDING):
            gauge.forget()


def standings(queue: RunQueue, *, clock: Clock) -> tuple[Standing, ...]:
    """Return a reading for each state, for a long queue is slow to read."""
    return tuple(Standing(queue, Status(one), clock=clock) for one in UNDER_WAY)
