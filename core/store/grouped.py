"""Lets concurrent callers share one write: what waits together goes together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class GroupedWrites(Generic[Item, Answer]):
    """Hands items to `write` in groups, one group at a time, and answers each caller.

    `write` takes up to `most` items and returns as many answers in their order; an
    exception among them is raised for that one caller, one raised by `write` for all.
    Nobody waits for company: an item that comes alone goes alone.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]],
        *,
        most: int = 128,
    ) -> None:
        self._write = write
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._flight: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Answer:
        """Write the item with whatever else waits; return once its group is written."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._flight is None or self._flight.done():
            # It works for all, so what it logs names nobody's run or request.
            self._flight = asyncio.create_task(self._fly(), context=Context())
        return await future

    async def _fly(self) -> None:
        while self._waiting:
            count = min(self._most, len(self._waiting))
            group = [self._waiting.popleft() for _ in range(count)]
            answers = await self._answers([item for item, _ in group])
            for (_, future), answer in zip(group, answers, strict=True):
                # A caller that went away has cancelled its future.
                if future.done():
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    async def _answers(self, items: list[Item]) -> Sequence[Answer | Exception]:
        try:
            return await self._write(items)
        except Exception as error:  # noqa: BLE001 (every caller raises it)
            return [error] * len(items)
