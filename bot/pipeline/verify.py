"""Fourth step: code decides which findings stand, and where GitHub can show them."""

from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial

from bot.pipeline.overrides import Choices
from bot.pipeline.state import Artifacts, State
from core.events import schema
from core.events.base import Payload
from core.review.findings import Finding
from core.review.verify import Fate, Judged, judge
from core.runs.part_moves import finding_moved
from core.runs.pipeline import StepContext, StepOutcome


@dataclass(frozen=True, slots=True)
class Verify:
    """Filters by policy and places the rest; what is filtered stays inspectable."""

    choices: Choices
    artifacts: Artifacts
    name: str = "verify"

    async def run(self, context: StepContext) -> StepOutcome:
        """Keep every finding with its fate."""
        state = State.of(context.state)
        stored = await self.artifacts.json(state.proposals_blob)
        findings = [Finding.model_validate(one) for one in stored]
        policy = self.choices.policy_for(context.run)
        judged = judge(findings, await self.artifacts.diff(state), policy)
        digest = await self.artifacts.keep_json(
            [one.model_dump(mode="json") for one in judged]
        )
        fates = Counter(one.fate for one in judged)
        words = ", ".join(f"{count} {fate}" for fate, count in sorted(fates.items()))
        return StepOutcome(
            state={
                "judged_blob": digest,
                "decided_by": state.decided_with(policy=asdict(policy)),
            },
            events=tuple(event for one in judged for event in _events(one)),
            summary=words or "nothing to verify",
        )


def _events(judged: Judged) -> tuple[Payload, ...]:
    name, why = judged.finding.fingerprint, judged.reason
    move = partial(finding_moved, severity=judged.finding.severity)
    if judged.fate is Fate.FILTERED:
        return (move(schema.FindingFiltered, name, "proposed", reason=why),)
    verified = move(schema.FindingVerified, name, "proposed")
    if judged.fate is Fate.ANCHORED:
        return verified, move(schema.FindingAnchored, name, "verified")
    return verified, move(schema.FindingUnanchored, name, "verified", reason=why)
