"""Put the review's report together from the state: coverage first, then the verdict."""

from dataclasses import dataclass

from bot.pipeline.state import Artifacts, State
from core.review.coverage import conclude, measure
from core.review.report import ReportUsage, ReviewReport, Unread
from core.review.reviewer import ReviewModel
from core.review.verify import Fate, Policy

RULES_ONLY = "Rules only (no model is configured)"


@dataclass(frozen=True, slots=True)
class Reporting:
    """Knows the reviewer and the policy, which the verdict speaks of."""

    model: ReviewModel
    policy: Policy
    artifacts: Artifacts

    @property
    def reviewer(self) -> str:
        """Return what reviewed, in words that claim no more than that."""
        return f"Model {self.model.name}" if self.model.is_model else RULES_ONLY

    async def report(self, run_id: str, state: State) -> ReviewReport:
        """Return the report of a state that has been verified."""
        judged = await self.artifacts.judged(state)
        findings = tuple(one.finding for one in judged if one.fate is not Fate.FILTERED)
        missing = [
            Unread(path=path or None, reason=reason) for path, reason in state.missing
        ]
        coverage = measure(
            await self.artifacts.diff(state), dict(state.unread), missing
        )
        return ReviewReport(
            run_id=run_id,
            coverage=coverage,
            verdict=conclude(
                coverage,
                findings,
                fail_on=self.policy.fail_on,
                reviewer=self.reviewer,
            ),
            findings=findings,
            usage=state.usage or ReportUsage(model=self.model.name),
        )
