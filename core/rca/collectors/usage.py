"""What every try of a step and every sandboxed child used."""

from collections.abc import Iterator, Sequence

from typing_extensions import override

from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import ModelCalled, SandboxFinished, StepFinished, StepRetried
from core.rca.collecting import Packer, Source, facts_of
from core.rca.collectors.parts import Part, events_in
from core.runs.tries import Tries


class UsageCollector(Part):
    """Writes `resources/usage.ndjson`: a line a try, a child and a model's call."""

    name = "usage"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._lines = packer.lines("resources/usage")
        self._tries = Tries()

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        await self._lines.add(self._rows(commits))

    @override
    async def finish(self) -> None:
        await self._lines.close()

    def _rows(self, commits: Sequence[Commit]) -> Iterator[JSON]:
        for _, commit, event in events_in(commits):
            attempt = self._tries.take(event)
            match event:
                case StepFinished() | StepRetried():
                    used = event.used.model_dump() if event.used else {}
                    told = {"step": event.subject, "attempt": attempt, "to": event.to}
                    yield {"what": "try", **facts_of(commit), **told, **used}
                case SandboxFinished():
                    yield {"what": "child", **facts_of(commit), **_data(event)}
                case ModelCalled():
                    yield {"what": "model", **facts_of(commit), **_data(event)}
                case _:
                    pass


def _data(event: SandboxFinished | ModelCalled) -> JSON:
    data: JSON = event.stored()["data"]
    return data
