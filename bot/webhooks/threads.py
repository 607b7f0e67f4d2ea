"""Review threads that people settle at GitHub: the ledger notes it, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.webhooks.event_types import ThreadEvent, ThreadResolved
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.events import schema
from core.events.base import Payload
from core.review.ledger.model import Ledger
from core.review.ledger.service import Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """Notes which threads are resolved.

    GitHub lets a pull request's author resolve any thread of it, so that decides
    nothing: a finding is dismissed or resolved by a command, with write access.
    """

    findings: Findings

    async def settled(self, event: ThreadEvent) -> Outcome:
        """Note it on the finding whose thread it is; the same again changes nothing."""
        place = event.repository, event.number
        resolved = isinstance(event, ThreadResolved)

        def decide(known: Ledger) -> Sequence[Payload]:
            entry = known.on_comment(event.comment_ids)
            if entry is None or entry.resolved is resolved:
                return ()
            noted = schema.FindingNoted(
                subject=entry.fingerprint, resolved=resolved, actor=event.sender
            )
            return (noted,)

        ledger = await self.findings.note(*place, decide)
        if ledger.on_comment(event.comment_ids) is None:
            return Ignored("the thread is about no finding of ours")
        return Done()
