"""Tells the gauge for how long a redaction has been waiting for its last place."""

from typing_extensions import override

from core.clock import Clock
from core.memory.redaction_store import RedactionStore
from core.metrics.gauges import Reading
from core.metrics.memory import PENDING


class RedactionStanding(Reading):
    """Looks for the oldest redaction that is not everywhere yet."""

    def __init__(self, store: RedactionStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @override
    async def read(self) -> None:
        oldest = await self._store.oldest_pending()
        now = self._clock.now()
        PENDING.set((now - oldest).total_seconds() if oldest else 0.0)

    @override
    def forget(self) -> None:
        PENDING.forget()
