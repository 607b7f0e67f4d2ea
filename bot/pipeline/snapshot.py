"""First step: pin what is reviewed, so that a push in between changes nothing."""

import asyncio
from dataclasses import asdict, dataclass

from bot.pipeline.cover import Reading
from bot.pipeline.state import Artifacts
from core.runs.pipeline import StepContext, StepOutcome


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Keeps the change's words and its diff, without the secrets in them."""

    reading: Reading
    artifacts: Artifacts
    name: str = "snapshot"

    async def run(self, context: StepContext) -> StepOutcome:
        """Read the pull request and its diff between two fixed commits."""
        source = await self.reading.sources.of(context.run)
        described = await source.describe()
        shown = await source.diff(described)
        diff, found = await asyncio.to_thread(self.reading.cover.diff, shown.data)
        return StepOutcome(
            state={
                **asdict(described),
                "missing": list(shown.missing.items()),
                "diff_blob": await self.artifacts.keep(diff),
                "sightings_blob": await self.artifacts.keep_sightings(found),
            },
            summary=f"{len(shown.data):,} bytes of diff",
        )
