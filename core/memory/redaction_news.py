"""Tells of redactions in the journal, once each, and records them in the audit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.audit.service import Audit
from core.events import schema
from core.events.base import Payload
from core.memory.redaction_model import PlaceState, Redaction
from core.memory.telling import Telling

ACTIONS = {
    "redacted": "memory.redact",
    "forgotten": "memory.forget",
    "compacted": "memory.compact",
}


class RedactionNews:
    """Every method raises StoreUnavailableError.

    `backup_days` is how long a backup may live. An event is told once; an entry of the
    audit may stand twice when a process dies right after it.
    """

    def __init__(self, telling: Telling, audit: Audit, *, backup_days: int) -> None:
        self._telling = telling
        self._audit = audit
        self._backups = timedelta(days=backup_days)

    async def looked(self, redaction: Redaction) -> None:
        """Record that somebody asked what would go: it was read for that."""
        await self._record(redaction, f"{ACTIONS[redaction.purpose]}_preview")

    async def refused(self, redaction: Redaction) -> None:
        """Record that nothing goes, and that contents were read to find that out.

        The reason is left out: it may hold what was looked for.
        """
        wish = replace(redaction, reason="")
        await self._record(wish, f"{ACTIONS[redaction.purpose]}_refused")

    async def requested(self, redaction: Redaction) -> None:
        """Tell that something is to go."""
        event = self._beginning(redaction)

        def decide(told: Sequence[Payload]) -> Sequence[Payload]:
            return () if any(_is_same(one, event) for one in told) else (event,)

        await self._telling.tell(redaction.session_id, decide)
        await self._record(redaction, ACTIONS[redaction.purpose])

    async def reached(self, redaction: Redaction, name: str, state: PlaceState) -> None:
        """Tell how far a place is, when that is new."""
        if redaction.purpose != "redacted":
            return
        event = schema.MemoryRedactionReached(
            session_id=redaction.session_id,
            redaction_id=redaction.id,
            place=name,
            changed=state.changed,
            left=state.left,
        )

        def decide(told: Sequence[Payload]) -> Sequence[Payload]:
            before = [
                one.left
                for one in told
                if isinstance(one, schema.MemoryRedactionReached)
                and (one.redaction_id, one.place) == (redaction.id, name)
            ]
            return () if before[-1:] == [event.left] else (event,)

        await self._telling.tell(redaction.session_id, decide)

    async def completed(self, redaction: Redaction) -> None:
        """Tell that nothing is left anywhere."""
        if redaction.purpose != "redacted":
            return
        event = schema.MemoryRedactionCompleted(
            session_id=redaction.session_id,
            redaction_id=redaction.id,
            changed=redaction.changed,
        )

        def decide(told: Sequence[Payload]) -> Sequence[Payload]:
            return () if any(_is_same(one, event) for one in told) else (event,)

        await self._telling.tell(redaction.session_id, decide)
        await self._record(redaction, "memory.redact_complete")

    def _beginning(
        self, redaction: Redaction
    ) -> schema.MemoryRedactionRequested | schema.MemoryErased:
        if redaction.purpose == "redacted":
            return schema.MemoryRedactionRequested(
                session_id=redaction.session_id,
                redaction_id=redaction.id,
                repository=redaction.repository,
                pull=redaction.pull,
                rule=redaction.rule,
                items=redaction.items,
                length=redaction.length,
                epoch=redaction.epoch,
                actor=redaction.actor,
                reason=redaction.reason,
                override_hold=redaction.override_hold,
            )
        return schema.MemoryErased(
            session_id=redaction.session_id,
            reason=redaction.purpose,
            items=redaction.items,
            actor=redaction.actor,
            why=redaction.reason,
            effective_live_at=redaction.at,
            effective_backups_by=redaction.at + self._backups,
        )

    async def _record(self, redaction: Redaction, action: str) -> None:
        entry = schema.AuditRecorded(
            actor=redaction.actor,
            action=action,
            subject=f"session/{redaction.session_id}",
            repository=redaction.repository,
            pull=redaction.pull,
            reason=redaction.reason,
            facts={
                "redaction": redaction.id,
                "rule": redaction.rule,
                "items": len(redaction.items),
                "length": redaction.length,
            },
        )
        await self._audit.record(entry)


def _is_same(one: Payload, event: Payload) -> bool:
    """Return whether an event was told already, perhaps with another count."""
    match one, event:
        case schema.MemoryErased(), schema.MemoryErased():
            return (one.items, one.reason) == (event.items, event.reason)
        case schema.MemoryRedactionRequested(), schema.MemoryRedactionRequested():
            return one.redaction_id == event.redaction_id
        case schema.MemoryRedactionCompleted(), schema.MemoryRedactionCompleted():
            return one.redaction_id == event.redaction_id
        case _:
            return False
