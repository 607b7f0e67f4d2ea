"""The run itself: as the API shows it, with what it was set up, where it was worked."""

from collections.abc import Sequence

from typing_extensions import override

from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import RunStateChanged
from core.rca.built import FORMAT
from core.rca.collecting import Packer, Source, facts_of
from core.rca.collectors.parts import Part, events_in
from core.runs.account import Accounting


class RunCollector(Part):
    """Writes `run/run.json`, the folded run as the API shows it."""

    name = "run"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._accounting = Accounting()

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for commit in commits:
            self._accounting.take(commit)

    @override
    async def finish(self) -> None:
        run = self.source.story.run
        detail = self.source.detail(run, self._accounting.account)
        await self.packer.json("run/run", detail)


class ConfigCollector(Part):
    """Writes `run/config.json`: the model, what was overridden, what decided."""

    name = "config"

    @override
    async def finish(self) -> None:
        setup = self.source.story.setup
        told = {
            "model": setup.model,
            "overrides": setup.overrides,
            "decided_by": setup.decided_by,
            "budget": self.source.story.budget,
        }
        await self.packer.json("run/config", told)


class EnvironmentCollector(Part):
    """Writes `run/environment.json`: which program worked the run at each claim."""

    name = "environment"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._claims: list[JSON] = []

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        self._claims += [
            {
                **facts_of(commit),
                "worker": event.actor,
                "writer": commit.writer,
                "fence": commit.fence,
                "program": event.program,
            }
            for _, commit, event in events_in(commits)
            if isinstance(event, RunStateChanged) and event.transition == "claim"
        ]

    @override
    async def finish(self) -> None:
        told = {
            "programs": self._claims,
            "made_by": self.source.made_by,
            "format": FORMAT,
        }
        await self.packer.json("run/environment", told)
