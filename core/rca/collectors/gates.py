"""The gates that the run came to, and what people decided about them."""

from collections.abc import Sequence

from typing_extensions import override

from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import ApprovalRecorded, GateMove
from core.rca.collecting import Packer, Source, facts_of, numbered
from core.rca.collectors.parts import Part, events_in


class GatesCollector(Part):
    """Writes `gates/NAME.json`: where a gate stands, and how it came there."""

    name = "gates"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._moves: dict[str, list[JSON]] = {}

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for name, commit, event in events_in(commits):
            if isinstance(event, GateMove):
                told = {"id": name, **facts_of(commit), **event.stored()}
                self._moves.setdefault(event.subject, []).append(told)

    @override
    async def finish(self) -> None:
        gates = self.source.story.run.gates
        for name in sorted(self._moves):
            gate = gates.get(name)
            told = {
                "name": name,
                "status": gate.status if gate else None,
                "conclusion": gate.conclusion if gate else None,
                "reason": gate.reason if gate else "",
                "asked_at": gate.asked_at if gate else None,
                "events": self._moves[name],
            }
            await self.packer.json(f"gates/{self.packer.part(name)}", told)


class ApprovalsCollector(Part):
    """Writes `approvals/NNNN.json`: what a person decided, when and why."""

    name = "approvals"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._count = 0

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for name, commit, event in events_in(commits):
            if isinstance(event, ApprovalRecorded):
                self._count += 1
                told = {
                    "id": name,
                    **facts_of(commit),
                    "gate": event.subject,
                    "decision": event.decision,
                    "actor": event.actor,
                    "reason": event.reason,
                    "head_sha": event.head_sha,
                }
                await self.packer.json(f"approvals/{numbered(self._count)}", told)
