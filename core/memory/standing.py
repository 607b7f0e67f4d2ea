"""Tells the gauges how many sessions there are, when they end, and who waits."""

from collections import Counter

from typing_extensions import override

from core.clock import Clock
from core.memory.due import DueStore
from core.metrics.gauges import Reading
from core.metrics.memory import EXPIRY, LAG, SCOPES, SESSIONS, STATES


class MemoryStanding(Reading):
    """Counts the sessions that have not ended."""

    def __init__(self, due: DueStore, *, clock: Clock) -> None:
        self._due = due
        self._clock = clock

    @override
    async def read(self) -> None:
        census = await self._due.census()
        counts = Counter((state, scope) for state, scope, _ in census)
        EXPIRY.forget()
        for scope in SCOPES.known:
            for state in STATES.known:
                SESSIONS.set(counts[state, scope], state=state, scope=scope)
            ends = [end for _, kind, end in census if kind == scope and end]
            if ends:
                EXPIRY.set(min(ends).timestamp(), scope=scope)
        now = self._clock.now()
        oldest = await self._due.oldest_due(now)
        LAG.set((now - oldest).total_seconds() if oldest else 0.0)

    @override
    def forget(self) -> None:
        for gauge in (SESSIONS, EXPIRY, LAG):
            gauge.forget()
