"""Put the review's report together from the state: coverage first, then the verdict."""

from dataclasses import dataclass

from bot.pipeline.overrides import Choices
from bot.pipeline.state import Artifacts, State
from core.review.coverage import conclude, measure
from core.review.report import ReportUsage, ReviewReport, Unread
from core.review.reviewer import ReviewModel
from core.review.verify import Fate
from core.runs.model import Run

RULES_ONLY = "Rules only (no model is configured)"


@dataclass(frozen=True, slots=True)
class Reporting:
    """Knows the reviewer and the policy of a run, which the verdict speaks of."""

    choices: Choices
    artifacts: Artifacts

    async def report(self, run: Run, state: State) -> ReviewReport:
        """Return the report of a state that has been verified."""
        model = self.choices.model_for(run)
        judged = await self.artifacts.judged(state)
        findings = tuple(one.finding for one in judged if one.fate is not Fate.FILTERED)
        missing = [
            Unread(path=path or None, reason=reason) for path, reason in state.missing
        ]
        coverage = measure(
            await self.artifacts.diff(state), dict(state.unread), missing
        )
        return ReviewReport(
            run_id=run.id,
            coverage=coverage,
            verdict=conclude(
                coverage,
                findings,
                fail_on=self.choices.policy_for(run).fail_on,
                reviewer=_words(model),
            ),
            findings=findings,
            usage=state.usage or ReportUsage(model=model.name),
        )


def _words(model: ReviewModel) -> str:
    """Return what reviewed, in words that claim no more than that."""
    return f"Model {model.name}" if model.is_model else RULES_ONLY
