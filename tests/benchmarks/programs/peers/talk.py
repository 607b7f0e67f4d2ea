"""What is said to every session store alike, and how it is ordered; plain Python."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from tests.benchmarks.programs.peers.work import CHANCE, WORDS

BYTES = 4096
READ = 1000
SLOTS = 8
NUMBERS = count(1)
# Made once; each message begins with a number of its own.
TEXTS = [" ".join(CHANCE.choices(WORDS, k=BYTES))[: BYTES - 9] for _ in range(32)]


def text() -> str:
    """Return a message of 4 KiB."""
    number = next(NUMBERS)
    return f"{number:08} {TEXTS[number % len(TEXTS)]}"


def order(line: str) -> dict[str, Any]:
    """Read what is asked for: {"do": append or read, "times": …, "slots": …}."""
    asked: dict[str, Any] = json.loads(line)
    return asked


async def measured(
    does: Callable[[int], Awaitable[None]], times: int, slots: int
) -> dict[str, Any]:
    """Do something so often, in so many slots; returns seconds in all and of each."""
    taken: list[float] = []

    async def one_after_another(slot: int) -> None:
        for _ in range(times // slots):
            began = time.perf_counter()
            await does(slot)
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another(slot) for slot in range(slots)))
    return {"seconds": time.perf_counter() - began, "taken": taken}
