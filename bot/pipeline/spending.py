"""What a run has paid a model in all its tries, for its budget is one."""

from dataclasses import asdict
from typing import Literal

from core.review.reviewer import Usage
from core.runs.work import Key, Work, key_of

# What was paid for; each is counted by itself.
For = Literal["review", "second look"]
KIND = "spent"
# More than a run is tried; what later ones cost is not counted.
MOST_TRIES = 64


async def spent_before(work: Work, run_id: str, paid_for: For) -> Usage:
    """Return what earlier tries of a run cost together."""
    known = await work.done(_keys(run_id, paid_for))
    return Usage.together(Usage(**one) for one in known.values())


async def keep_spent(work: Work, run_id: str, paid_for: For, usage: Usage) -> None:
    """Remember what a try has cost."""
    keys = _keys(run_id, paid_for)
    known = await work.done(keys)
    free = next((key for key in keys if key not in known), None)
    if free is not None:
        await work.keep(KIND, run_id, {free: asdict(usage)})


def _keys(run_id: str, paid_for: For) -> list[Key]:
    return [key_of((KIND, paid_for, run_id, str(nth))) for nth in range(MOST_TRIES)]
