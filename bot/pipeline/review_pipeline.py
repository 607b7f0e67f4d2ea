"""The pull-request pipeline: its steps in order, each shown on the check run."""

from dataclasses import dataclass

import structlog

from bot.pipeline import gating
from bot.pipeline.analyze import Analyze
from bot.pipeline.cover import Reading
from bot.pipeline.nobodys_desk import NobodysDesk
from bot.pipeline.overrides import Choices
from bot.pipeline.ports import Desk, DeskFor
from bot.pipeline.publish import Publish
from bot.pipeline.remembered import Answers
from bot.pipeline.reporting import Reporting
from bot.pipeline.review import Review
from bot.pipeline.second_looks import SecondLooks
from bot.pipeline.snapshot import Snapshot
from bot.pipeline.state import Artifacts
from bot.pipeline.verdict import Conclude, GatePolicy
from bot.pipeline.verify import Verify
from core.errors import UnavailableError
from core.metrics.gates import GATES
from core.runs.model import Run
from core.runs.pipeline import Ending, Step, StepContext, StepOutcome
from core.store.blobs import Blobs

NAME = "review"
DRY_NAME = "dry_run"
NAMES = (NAME, DRY_NAME)
SPEAKING = ("publish", "verdict")
STEPS = ("snapshot", "analyze", "review", "verify", *SPEAKING)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Shown:
    """A step that says on the check run that it has begun."""

    step: Step
    desk_for: DeskFor

    @property
    def name(self) -> str:
        return self.step.name

    async def run(self, context: StepContext) -> StepOutcome:
        run = context.run
        try:
            # A ruling that people changed is shown by the next ruling alone.
            if not run.approvals:
                desk = self.desk_for(run)
                await desk.progress(run, context.effects, self.name)
        except UnavailableError as error:
            # Progress is for the eye: a review does not fail for want of it.
            log.warning("progress.unseen", step=self.name, reason=str(error))
        return await self.step.run(context)


class ReviewPipeline:
    """snapshot → analyze → review → verify → publish → verdict."""

    def __init__(
        self,
        *,
        reading: Reading,
        choices: Choices,
        desk: Desk,
        blobs: Blobs,
        answers: Answers,
        gates: GatePolicy,
        name: str = NAME,
    ) -> None:
        self.name = name
        GATES.allow(*gating.GATES)

        def desk_for(run: Run) -> Desk:
            return desk if run.publish else NobodysDesk()

        self._desk_for = desk_for
        kept = Artifacts(blobs)
        looks = SecondLooks(answers.work, answers.mask, answers.records)
        reporting = Reporting(choices, kept)
        steps: tuple[Step, ...] = (
            Snapshot(reading, kept),
            Analyze(reading, kept),
            Review(choices, answers, kept, reading.memories),
            Verify(choices, looks, kept),
            Publish(desk_for, reporting, kept, reading.tracking),
            Conclude(desk_for, reporting, kept, gates, reading),
        )
        self.steps: tuple[Step, ...] = tuple(_Shown(step, desk_for) for step in steps)

    async def close(self, context: StepContext, ending: Ending) -> None:
        """Complete the check run of a run that ends without a review."""
        desk = self._desk_for(context.run)
        await desk.close(context.run, context.effects, ending)
