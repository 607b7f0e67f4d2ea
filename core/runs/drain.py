"""How a worker comes to rest: it begins nothing more, and after a grace lets go."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from core.clock import Clock


class Drain:
    """Told once to begin; what is still held when the grace is over is interrupted."""

    def __init__(self, *, clock: Clock, grace: float) -> None:
        self._clock = clock
        self._grace = grace
        self._begun = asyncio.Event()
        self._held: set[asyncio.Task[object]] = set()
        self.over = False

    @property
    def begun(self) -> bool:
        """Return whether nothing new is to be begun."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Let steps in hand finish within the grace, and begin no others."""
        self._begun.set()

    async def run(self) -> None:
        """Wait to be told, then for the grace, and interrupt what is held then."""
        await self._begun.wait()
        await self._clock.sleep(self._grace)
        self.over = True
        for task in self._held:
            task.cancel()

    @contextmanager
    def holding(self, task: asyncio.Task[object]) -> Iterator[None]:
        """Have a task interrupted when the grace ends within the body."""
        self._held.add(task)
        if self.over:
            task.cancel()
        try:
            yield
        finally:
            self._held.discard(task)
