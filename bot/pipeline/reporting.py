"""Put the review's report together from the state and its artifacts."""

from dataclasses import dataclass

from bot.pipeline.overrides import Choices
from bot.pipeline.reported import Findings, Reviewer, report_of
from bot.pipeline.state import Artifacts, State
from core.review.ledger.rules import NO_STANDING, Standing
from core.review.report import ReviewReport
from core.runs.model import Run


@dataclass(frozen=True, slots=True)
class Reporting:
    """Knows the reviewer and the policy of a run, which the verdict speaks of."""

    choices: Choices
    artifacts: Artifacts

    async def report(
        self, run: Run, state: State, said: Standing = NO_STANDING
    ) -> ReviewReport:
        """Return the report of a state that has been verified.

        `said` is what the pull request's ledger says to its findings.
        """
        model = self.choices.model_for(run, state.config)
        found = Findings(
            diff=await self.artifacts.diff(state),
            judged=await self.artifacts.judged(state),
            missing=state.missing,
            unread=state.unread,
            usage=state.usage,
            changes=state.changes,
            excluded=state.excluded,
            config=state.config,
            config_broken=state.config_broken,
        )
        return report_of(
            run.id,
            found,
            reviewer=Reviewer(name=model.name, is_model=model.is_model),
            fail_on=self.choices.policy_for(run, state.config).fail_on,
            notes=tuple(
                filter(
                    None, (*state.config_problems, self.choices.refused(state.config))
                )
            ),
            said=said,
        )
