"""First step: pin what is reviewed, so that a push in between changes nothing."""

from dataclasses import asdict, dataclass

from bot.pipeline.ports import Sources
from bot.pipeline.state import Artifacts
from core.runs.pipeline import StepContext, StepOutcome


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Keeps the change's words and its diff."""

    sources: Sources
    artifacts: Artifacts
    name: str = "snapshot"

    async def run(self, context: StepContext) -> StepOutcome:
        """Read the pull request and its diff between two fixed commits."""
        source = await self.sources.of(context.run)
        described = await source.describe()
        shown = await source.diff(described)
        digest = await self.artifacts.keep(shown.data)
        state = {**asdict(described), "missing": list(shown.missing.items())}
        return StepOutcome(
            state={**state, "diff_blob": digest},
            summary=f"{len(shown.data):,} bytes of diff",
        )
