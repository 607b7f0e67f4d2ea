"""Does some of the next pieces of work while the last one is written down."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")
# One for each of two cores, beside the one that is written.
AHEAD = 2


async def ahead(
    items: Iterable[Item], work: Callable[[Item], Coroutine[Any, Any, Done]]
) -> AsyncGenerator[Done, None]:
    """Yield what the work on each item comes to, in their order.

    Raises what the work raises; close it, so that what is under way is cancelled.
    """
    waiting: deque[asyncio.Task[Done]] = deque()
    try:
        for item in items:
            waiting.append(asyncio.create_task(work(item)))
            if len(waiting) > AHEAD:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
