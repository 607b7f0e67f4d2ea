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

GAUGES = (UNENDED, QUEUE_DEPTH, QUEUE_OLDEST, PENDING)


class Standing(Reading):
    """Reads one state after the other; ended runs are counted when they end."""

    def __init__(self, queue: RunQueue, *, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock

    @override
    async def read(self) -> None:
        for status in map(Status, UNDER_WAY):
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
        for gauge in GAUGES:
            gauge.forget()
