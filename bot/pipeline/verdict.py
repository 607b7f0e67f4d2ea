"""Last step: the gates judge, and the check run says what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bot.pipeline.cover import Reading
from bot.pipeline.gating import (
    LLM_REVIEW,
    STATIC_ANALYSIS,
    checks_of,
    ruling,
    stopping,
)
from bot.pipeline.memories import Reviewed
from bot.pipeline.ports import DeskFor, Posted
from bot.pipeline.reporting import Reporting
from bot.pipeline.state import Artifacts, State
from core.review.coverage import lacking
from core.review.findings import Finding
from core.review.ledger.rules import standing
from core.review.report import ReviewReport
from core.runs import gates
from core.runs.model import Run
from core.runs.pipeline import StepContext, StepOutcome

UNREAD = "not everything was reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """Whether a person must approve each head, and whether a failed gate blocks."""

    approval: bool = False
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Conclude:
    """Takes the report to the gates and completes the check run.

    While a gate holds the run up this step is not over; it runs again when people have
    decided, and then says so on the check run.
    """

    desk_for: DeskFor
    reporting: Reporting
    artifacts: Artifacts
    policy: GatePolicy
    reading: Reading
    name: str = "verdict"

    async def run(self, context: StepContext) -> StepOutcome:
        """Conclude by coverage, findings and people, never more than was read."""
        state, run = State.of(context.state), context.run
        judged = await self.artifacts.judged(state)
        said = standing(await self.reading.tracking.known(run), judged, run.id)
        report = await self.reporting.report(run, state, said)
        choices = self.reporting.choices
        model = choices.model_for(run, state.config)
        policy = choices.policy_for(run, state.config)
        asks = self._asks(state, report)
        checks = checks_of(
            report,
            model=model.name if model.is_model else None,
            fail_on=policy.fail_on,
            asks=asks if self.policy.approval or asks else None,
            blocking=self.policy.blocking,
            partial=state.config.gate.partial,
            said=said,
        )
        passage = gates.passage(run, checks)
        ruled = ruling(report.verdict, passage, run.approvals, asks)
        posted = Posted(comments=state.comments, summarised=state.summarised)
        await self.desk_for(run).conclude(run, context.effects, report, posted, ruled)
        digest = await self.artifacts.keep_json(report.model_dump(mode="json"))
        summary = f"{ruled.verdict.conclusion}: {ruled.verdict.reason}"
        await self._remember(run, state, summary)
        by_gate = stopping(
            report,
            model=model.name if model.is_model else None,
            fail_on=policy.fail_on,
            said=said,
        )
        await self._waive(
            run, dict(zip((LLM_REVIEW, STATIC_ANALYSIS), by_gate, strict=True))
        )
        return StepOutcome(
            state={
                "report_blob": digest,
                # A branch may have had another policy by now than when it verified.
                "decided_by": state.decided_with(
                    policy=asdict(policy),
                    gates={**asdict(self.policy), "asks": list(asks)},
                    ledger=said.model_dump(mode="json"),
                ),
            },
            checks=checks,
            summary=summary,
        )

    def _asks(self, state: State, report: ReviewReport) -> tuple[str, ...]:
        """Return why a person has to approve this head, by the repository's word."""
        partial = state.config.gate.partial
        waits = partial == "action_required" and lacking(report.coverage)
        return (*state.asks, UNREAD) if waits else state.asks

    async def _waive(self, run: Run, by_gate: Mapping[str, Sequence[Finding]]) -> None:
        """Let later commits pass what people let pass at a gate of this one."""
        for approval in run.approvals:
            if approval.decision == "waive":
                names = [one.fingerprint for one in by_gate.get(approval.gate, ())]
                await self.reading.tracking.waive(run, names, approval)

    async def _remember(self, run: Run, state: State, verdict: str) -> None:
        reviewed = Reviewed(
            fork=state.fork,
            verdict=verdict,
            number=len(run.approvals),
            recalled=state.recalled,
            files=lambda: self.artifacts.files(state),
        )
        await self.reading.memories.reviewed(run, reviewed)
