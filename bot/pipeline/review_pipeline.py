"""The pull-request pipeline: its steps in order, each shown on the check run."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.pipeline.analyze import Analyze
from bot.pipeline.ports import Desk, Sources
from bot.pipeline.publish import Publish
from bot.pipeline.reporting import Reporting
from bot.pipeline.review import Review
from bot.pipeline.snapshot import Snapshot
from bot.pipeline.state import Artifacts
from bot.pipeline.verdict import Conclude
from bot.pipeline.verify import Verify
from core.errors import UnavailableError
from core.review.reviewer import ReviewModel
from core.review.verify import Policy
from core.runs.pipeline import Ending, Step, StepContext, StepOutcome
from core.store.blobs import Blobs

NAME = "review"
STEPS = ("snapshot", "analyze", "review", "verify", "publish", "verdict")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Shown:
    """A step that says on the check run that it has begun."""

    step: Step
    desk: Desk

    @property
    def name(self) -> str:
        return self.step.name

    async def run(self, context: StepContext) -> StepOutcome:
        try:
            await self.desk.progress(context.run, context.effects, self.name)
        except UnavailableError as error:
            # Progress is for the eye: a review does not fail for want of it.
            log.warning("progress.unseen", step=self.name, reason=str(error))
        return await self.step.run(context)


class ReviewPipeline:
    """snapshot → analyze → review → verify → publish → verdict."""

    def __init__(
        self,
        *,
        sources: Sources,
        model: ReviewModel,
        desk: Desk,
        blobs: Blobs,
        policy: Policy,
        mask: Callable[[str], str],
        name: str = NAME,
    ) -> None:
        self.name = name
        self._desk = desk
        kept = Artifacts(blobs)
        reporting = Reporting(model, policy, kept)
        steps: tuple[Step, ...] = (
            Snapshot(sources, kept),
            Analyze(sources, kept),
            Review(model, mask, kept),
            Verify(policy, kept),
            Publish(desk, reporting, kept),
            Conclude(desk, reporting, kept),
        )
        self.steps: tuple[Step, ...] = tuple(_Shown(step, desk) for step in steps)

    async def close(self, context: StepContext, ending: Ending) -> None:
        """Complete the check run of a run that ends without a review."""
        await self._desk.close(context.run, context.effects, ending)
