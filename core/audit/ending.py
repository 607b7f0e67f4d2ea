"""Finds where the audit ends in a few steps, however long it is."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.audit.places import BEGINNING, VOLUME, Head, stream_of
from core.events.journal import Journal

Stored = Mapping[str, Any]
There = Callable[[int], Awaitable[bool]]


async def end_of(journal: Journal, known: Head = BEGINNING) -> Head:
    """Return the last place that is taken, looking on from one that was once the last.

    Volumes, and entries in them, are without gaps; so one looks twice as far each time,
    then halves the distance. Raises StoreUnavailableError.
    """

    async def begun(volume: int) -> bool:
        return await entry(journal, volume, 1) is not None

    volume = await farthest(begun, known.volume)
    start = known.seq if volume == known.volume else 0

    async def taken(seq: int) -> bool:
        is_one = seq <= VOLUME
        return is_one and await entry(journal, volume, seq) is not None

    seq = await farthest(taken, start)
    last = await entry(journal, volume, seq)
    if last is None:
        return BEGINNING if seq == 0 else await end_of(journal)
    return Head(volume=volume, seq=seq, hash=last["hash"])


async def entry(journal: Journal, volume: int, seq: int) -> Stored | None:
    """Return one commit of the audit as it is stored, found by its key alone."""
    found = await journal.find({"_id": f"{stream_of(volume)}:{seq}"})
    return found[0] if found else None


async def farthest(there: There, start: int) -> int:
    """Return the last number from `start` on that is there, when none is left out."""
    step, low = 1, start
    while await there(low + step):
        low += step
        step *= 2
    while step > 1:
        step //= 2
        if await there(low + step):
            low += step
    return low
