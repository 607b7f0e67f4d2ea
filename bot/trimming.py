"""Trims the feed: what may go, and once a day by itself."""

from datetime import datetime, timedelta
from urllib.parse import unquote

from typing_extensions import override

from bot.base import Base
from bot.webhooks.deliveries import Deliveries
from core.feed.trim import Trimmer
from core.runs.over import Stories
from core.store.daily import Daily


def trimmer_on(base: Base) -> Trimmer:
    """Return what trims the feed of this database."""
    stories = Stories(base.runs.journal, base.runs.projection)
    deliveries = Deliveries(base.database, clock=base.clock)

    async def is_over(stream: str, cutoff: datetime) -> bool:
        noun, _, name = stream.partition("/")
        match noun:
            case "run":
                return await stories.run_is_over(name, cutoff)
            case "merge":
                return await stories.merge_is_over(name, cutoff)
            case "delivery":
                return await deliveries.has_ended(unquote(name))
            case _:  # a pull request's or a writer's: it has no end, and is never over
                return True

    return Trimmer(
        base.database,
        holder=base.ids.new("trimmer"),
        clock=base.clock,
        is_over=is_over,
    )


class DailyTrim(Daily):
    """Trims what is older than the events are to be kept; never with 0 days."""

    role = "feed-trimming"

    def __init__(self, base: Base, *, days: int) -> None:
        super().__init__(
            base.database, holder=base.ids.new("trimmer"), clock=base.clock
        )
        self._trimmer = trimmer_on(base)
        self._days = days

    @override
    async def once(self) -> None:
        if self._days and await self.is_due():
            await self._trimmer.trim(timedelta(days=self._days))
