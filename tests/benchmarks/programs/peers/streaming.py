"""What the programs that write a stream share: orders, pace and what was used.

It needs nothing but Python, for the peers run in an environment of their own.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Say = Callable[[int], Awaitable[tuple[int, float]]]
PAGE = resource.getpagesize()


def open_files() -> None:
    """Let this process have as many connections as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def tell(**facts: object) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def memory() -> int:
    """Return the bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def orders(say: Say) -> None:
    """Do orders until there are no more.

    `{"memory": true}` is answered with it; `{"events": n, "rate": r}` with the moments
    at which each event was said, by its id, and what was computed meanwhile. `say` is
    given 1, 2, 3… and returns the event's id and its moment.
    """
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if "memory" in order:
            tell(memory=memory())
        else:
            tell(**await _said(say, order))


async def _said(say: Say, order: dict[str, Any]) -> dict[str, object]:
    saying, cpu = list[asyncio.Future[tuple[int, float]]](), time.process_time()
    begin = time.monotonic()
    for number in range(order["events"]):
        due = begin + number / order["rate"]
        await asyncio.sleep(max(due - time.monotonic(), 0))
        saying.append(asyncio.ensure_future(say(number + 1)))
    sent = dict(await asyncio.gather(*saying))
    return {"sent": sent, "cpu": time.process_time() - cpu, "memory": memory()}
