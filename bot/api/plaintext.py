"""Opens what is sealed for somebody who asks, once that is written down."""

from collections.abc import AsyncIterator, Iterable, Sequence

from core.audit.service import Audit
from core.events import schema
from core.memory.model import JSON, Session
from core.memory.portable import exported
from core.memory.service import Memory
from core.memory.workspace import Workspaces

# Items between two wanted ones are read along with them when they are this few.
GAP = 20


class Plaintext:
    """Every read of contents goes through here: first the audit, then the answer."""

    def __init__(self, memory: Memory, audit: Audit) -> None:
        self._memory = memory
        self._audit = audit

    async def read(
        self, session: Session, seqs: Sequence[int], *, actor: str, what: str
    ) -> dict[int, JSON | None]:
        """Return the contents of items, by their places.

        Raises what `Memory.read` raises. A session that cannot be opened is not
        recorded as read.
        """
        if not seqs:
            return {}
        await self._memory.opened(session.id)
        facts: dict[str, str | int] = {
            "what": what,
            "items": len(seqs),
            "seqs": shortened(seqs),
        }
        await self._record(session, "memory.read", actor, facts)
        found: dict[int, JSON | None] = {}
        wanted = frozenset(seqs)
        for first, last in ranges(seqs, GAP):
            for item in await self._memory.read(session.id, first, last):
                if item.seq in wanted:
                    found[item.seq] = item.content
        return found

    async def export(
        self, session: Session, workspaces: Workspaces, *, actor: str
    ) -> AsyncIterator[bytes]:
        """Return the lines of a whole session; raises what `exported` does.

        It is recorded before this returns, once the session could be opened.
        """
        opened = await self._memory.opened(session.id)
        facts: dict[str, str | int] = {"items": opened.seq}
        await self._record(session, "memory.export", actor, facts)
        return exported(self._memory, workspaces, session.id)

    async def _record(
        self,
        session: Session,
        action: str,
        actor: str,
        facts: dict[str, str | int],
    ) -> None:
        await self._audit.record(
            schema.AuditRecorded(
                actor=actor,
                action=action,
                subject=f"session/{session.id}",
                repository=session.scope.repository,
                pull=session.scope.pull,
                facts=facts,
            )
        )


def ranges(seqs: Iterable[int], gap: int = 0) -> list[tuple[int, int]]:
    """Return numbers as ranges, over gaps of no more than `gap` numbers."""
    made: list[tuple[int, int]] = []
    for seq in sorted(seqs):
        if made and seq - made[-1][1] <= gap + 1:
            made[-1] = (made[-1][0], seq)
        else:
            made.append((seq, seq))
    return made


def shortened(seqs: Iterable[int]) -> str:
    """Return numbers as people write them: `1-3,7`."""
    return ",".join(
        str(first) if first == last else f"{first}-{last}"
        for first, last in ranges(seqs)
    )
