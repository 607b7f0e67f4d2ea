"""What the run wrote to GitHub, and each request that it made there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import (
    EffectFailed,
    EffectInherited,
    EffectIntended,
    EffectMove,
    EffectPerformed,
    EffectReconciled,
    StepFinished,
    StepRetried,
)
from core.rca.collecting import Packer, Source, numbered
from core.rca.collectors.parts import Part, events_in
from core.rca.collectors.tries import json_lines
from core.runs.tries import Tries


@dataclass(slots=True)
class _Effect:
    """A write as far as the history has told it."""

    kind: str = ""
    status: str = ""
    step: str = ""
    result: JSON | None = None
    error: str = ""
    events: list[str] = field(default_factory=list)


class EffectsCollector(Part):
    """Writes `effects/NNNN.json`, in the order in which they were first meant."""

    name = "effects"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._effects: dict[str, _Effect] = {}

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for name, _, event in events_in(commits):
            if isinstance(event, EffectMove):
                effect = self._effects.setdefault(event.subject, _Effect())
                effect.events.append(name)
                effect.status = event.to
                _learn(effect, event)

    @override
    async def finish(self) -> None:
        for at, (key, effect) in enumerate(self._effects.items(), start=1):
            told = {
                "key": key,
                "kind": effect.kind,
                "status": effect.status,
                "step": effect.step,
                "result": effect.result,
                "error": effect.error or None,
                "events": effect.events,
            }
            await self.packer.json(f"effects/{numbered(at)}", told)


class ExchangesCollector(Part):
    """Writes `effects/exchanges.ndjson`, each request to GitHub and its answer."""

    name = "exchanges"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._lines = packer.lines("effects/exchanges")
        self._tries = Tries()

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for _, _, event in events_in(commits):
            attempt = self._tries.take(event)
            match event:
                case (
                    StepFinished(exchanges=str(digest))
                    | StepRetried(exchanges=str(digest))
                ):
                    told = {"step": event.subject, "attempt": attempt}
                    lines = await json_lines(self.source, self.packer, digest)
                    await self._lines.add({**told, **line} for line in lines)
                case _:
                    pass

    @override
    async def finish(self) -> None:
        await self._lines.close()


def _learn(effect: _Effect, event: EffectMove) -> None:
    match event:
        case EffectIntended():
            effect.kind, effect.step = event.kind, event.step
        case EffectInherited():
            effect.kind, effect.step = event.kind, event.step
            effect.result = event.result
        case EffectPerformed() | EffectReconciled():
            effect.result = event.result
        case EffectFailed():
            effect.error = event.error
        case _:
            pass
