"""Finds differences beside the event loop: large ones in a process of their own."""

import asyncio
from typing import Any

from core.checkpoints.diff.difference import NO_RULES, USUAL_LIMITS, difference
from core.checkpoints.diff.model import DiffLimits, DiffRules, StateDiff
from core.clock import SystemClock


async def compared(
    before: Any,
    after: Any,
    *,
    rules: DiffRules = NO_RULES,
    limits: DiffLimits = USUAL_LIMITS,
) -> StateDiff:
    """Return the difference of two states, within about `limits.seconds`.

    Raises DiffUnprovenError, which is a bug.
    """
    clock = SystemClock()
    end = clock.monotonic() + limits.seconds
    return await asyncio.to_thread(
        difference,
        before,
        after,
        rules=rules,
        limits=limits,
        is_late=lambda: clock.monotonic() > end,
    )
