"""Logs once a day where the audit ends, so that logs kept elsewhere anchor it."""

import structlog
from typing_extensions import override

from bot.base import Base
from core.store.daily import Daily

log = structlog.get_logger()


class DailyHead(Daily):
    """Says where the chain ends; whoever cuts it off cannot change the log as well."""

    role = "audit-head"

    def __init__(self, base: Base) -> None:
        super().__init__(
            base.database, holder=base.ids.new("auditor"), clock=base.clock
        )
        self._audit = base.audit

    @override
    async def once(self) -> None:
        if await self.is_due():
            head = await self._audit.head()
            if head.seq:
                log.info("audit.head", head=str(head))
