"""First step: pin what is reviewed, so that a push in between changes nothing."""

import asyncio
from dataclasses import asdict, dataclass

from bot.pipeline.cover import Reading
from bot.pipeline.state import Artifacts
from core.runs.pipeline import StepContext, StepOutcome


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Keeps the change, and what its base says of reviews, without their secrets."""

    reading: Reading
    artifacts: Artifacts
    name: str = "snapshot"

    async def run(self, context: StepContext) -> StepOutcome:
        """Read the pull request and its diff between two fixed commits."""
        source = await self.reading.sources.of(context.run)
        described = await source.describe()
        shown = await source.diff(described)
        diff, found = await asyncio.to_thread(self.reading.cover.diff, shown.data)
        read = self.reading.cover.config(await source.config(described))
        return StepOutcome(
            state={
                **asdict(described),
                "missing": list(shown.missing.items()),
                "config": read.config.model_dump(mode="json"),
                "config_problems": [str(one) for one in read.problems],
                "config_broken": read.broken,
                "diff_blob": await self.artifacts.keep(diff),
                "sightings_blob": await self.artifacts.keep_sightings(found),
            },
            summary=f"{len(shown.data):,} bytes of diff",
        )
