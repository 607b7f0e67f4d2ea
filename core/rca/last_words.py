"""When the processes that wrote into a run were last heard of."""

from collections.abc import Mapping
from datetime import datetime

from core.feed.order import Logged
from core.feed.writer_logs import WriterLogs


async def wrote_last(
    logs: WriterLogs, writers: Mapping[str, int], *, as_of: datetime
) -> dict[str, datetime]:
    """Return the time of each writer's last entry, in any stream, up to `as_of`.

    `writers` gives the number of an entry of each from which to look on. A writer's
    numbers have no gaps, so a few lookups find it however much was written since. One
    that nothing is left of is absent. Raises StoreUnavailableError.
    """
    found = {}
    for writer, wseq in writers.items():
        last = await _last(logs, writer, wseq, as_of)
        if last is not None:
            found[writer] = last.time
    return found


async def _last(
    logs: WriterLogs, writer: str, wseq: int, as_of: datetime
) -> Logged | None:
    """Go on by doubling strides, then halve the last one."""

    async def at(number: int) -> Logged | None:
        one = await logs.at(writer, number)
        return one if one is not None and one.time <= as_of else None

    known = await at(wseq)
    stride = 1
    while known is not None and (further := await at(known.wseq + stride)) is not None:
        known, stride = further, stride * 2
    while known is not None and stride > 1:
        stride //= 2
        known = await at(known.wseq + stride) or known
    return known
