"""Last step: the check run says what was reviewed, and what follows from it."""

from dataclasses import dataclass

from bot.pipeline.ports import Desk, Posted
from bot.pipeline.reporting import Reporting
from bot.pipeline.state import Artifacts, State
from core.runs.part_moves import gate_decided
from core.runs.pipeline import StepContext, StepOutcome

GATE = "llm_review"


@dataclass(frozen=True, slots=True)
class Conclude:
    """Records the gate's verdict and completes the check run."""

    desk: Desk
    reporting: Reporting
    artifacts: Artifacts
    name: str = "verdict"

    async def run(self, context: StepContext) -> StepOutcome:
        """Conclude by coverage and findings, never more than was read."""
        state = State.of(context.state)
        report = await self.reporting.report(context.run.id, state)
        posted = Posted(comments=state.comments, summarised=state.summarised)
        await self.desk.conclude(context.run, context.effects, report, posted)
        digest = await self.artifacts.keep_json(report.model_dump(mode="json"))
        verdict = report.verdict
        return StepOutcome(
            state={"report_blob": digest},
            events=gate_decided(GATE, verdict.conclusion, verdict.reason),
            summary=f"{verdict.conclusion}: {verdict.reason}",
        )
