"""The pull-request pipeline: its steps in order, shown on the check run."""

from bot.pipeline import gating
from bot.pipeline.analyze import Analyze
from bot.pipeline.cover import Reading
from bot.pipeline.nobodys_desk import NobodysDesk
from bot.pipeline.overrides import Choices
from bot.pipeline.ports import Desk
from bot.pipeline.publish import Publish
from bot.pipeline.remembered import Answers
from bot.pipeline.reporting import Reporting
from bot.pipeline.review import Review
from bot.pipeline.second_looks import SecondLooks
from bot.pipeline.snapshot import Snapshot
from bot.pipeline.state import Artifacts
from bot.pipeline.telling import Told
from bot.pipeline.verdict import Conclude, GatePolicy
from bot.pipeline.verify import Verify
from core.metrics.gates import GATES
from core.runs.model import Run
from core.runs.pipeline import Ending, Step, StepContext
from core.store.blobs import Blobs

NAME = "review"
DRY_NAME = "dry_run"
NAMES = (NAME, DRY_NAME)
SPEAKING = ("publish", "verdict")
STEPS = ("snapshot", "analyze", "review", "verify", *SPEAKING)


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
        )
        self.steps: tuple[Step, ...] = (
            *(Told(step, desk_for) for step in steps),
            # It shows its own ruling, which "in progress" would undo.
            Conclude(desk_for, reporting, kept, gates, reading),
        )

    async def close(self, context: StepContext, ending: Ending) -> None:
        """Complete the check run of a run that ends without a review."""
        desk = self._desk_for(context.run)
        await desk.close(context.run, context.effects, ending)
