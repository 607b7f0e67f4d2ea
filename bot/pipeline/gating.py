"""What a report says to the gates, and what the check says of them: pure."""

from collections.abc import Sequence

from bot.pipeline.ruling import Ruling
from core.review.findings import Finding, Severity
from core.review.report import Conclusion, ReviewReport, Verdict
from core.runs.gates import Check, Passage
from core.runs.model import Approval

LLM_REVIEW = "llm_review"
STATIC_ANALYSIS = "static_analysis"
APPROVAL = "approval"
NO_MODEL = "no model is configured"
GATES = (STATIC_ANALYSIS, LLM_REVIEW, APPROVAL)


def checks_of(
    report: ReviewReport,
    *,
    model: str | None,
    fail_on: Severity,
    approval: bool,
    blocking: bool,
) -> tuple[Check, ...]:
    """Return what each gate is told: whose findings reached `fail_on`, and whose not.

    `model` is the language model whose findings belong to `llm_review`; all others are
    analyzers' and belong to `static_analysis`. `approval` asks a person beside them.
    """
    worst = [one for one in report.findings if one.severity.rank >= fail_on.rank]
    judged = [one for one in worst if model is not None and one.source == model]
    static = [one for one in worst if one not in judged]
    checks = [
        _check(STATIC_ANALYSIS, report, static, fail_on, blocking=blocking),
    ]
    if model is None:
        skipped = Conclusion.SKIPPED.value
        checks.append(
            Check(gate=LLM_REVIEW, outcome="skip", conclusion=skipped, reason=NO_MODEL)
        )
    else:
        checks.append(_check(LLM_REVIEW, report, judged, fail_on, blocking=blocking))
    if approval:
        checks.append(
            Check(
                gate=APPROVAL,
                outcome="ask",
                conclusion=Conclusion.ACTION_REQUIRED.value,
                reason="a person has to approve this commit",
            )
        )
    return tuple(checks)


def _check(
    gate: str,
    report: ReviewReport,
    found: Sequence[Finding],
    fail_on: Severity,
    *,
    blocking: bool,
) -> Check:
    if found:
        count = "1 finding" if len(found) == 1 else f"{len(found)} findings"
        return Check(
            gate=gate,
            outcome="fail",
            conclusion=Conclusion.FAILURE.value,
            reason=f"{count} at or above {fail_on}",
            blocking=blocking,
        )
    # A failure that this gate does not share is none of its own.
    verdict = report.verdict
    failed = verdict.conclusion is Conclusion.FAILURE
    conclusion = Conclusion.SUCCESS if failed else verdict.conclusion
    reason = f"nothing at or above {fail_on}" if failed else verdict.reason
    return Check(gate=gate, outcome="pass", conclusion=conclusion.value, reason=reason)


def ruling(verdict: Verdict, passage: Passage, approvals: Sequence[Approval]) -> Ruling:
    """Return what the check run concludes once people have had their say.

    A waived failure is neutral, never green: what was found still stands.
    """
    said = [one for one in approvals if one.decision in DONE]
    words = " ".join((verdict.reason, *(_by(one) for one in said)))
    conclusion = verdict.conclusion
    if passage.stopped:
        conclusion = Conclusion.FAILURE
    elif passage.waiting:
        conclusion = Conclusion.ACTION_REQUIRED
        words = f"{words} A person has to approve it."
    elif conclusion is Conclusion.FAILURE and any(
        one.decision == "waive" for one in said
    ):
        conclusion = Conclusion.NEUTRAL
    return Ruling(
        verdict=Verdict(conclusion=conclusion, reason=words),
        stopped=passage.stopped,
        waiting=passage.waiting,
        number=len(approvals),
    )


DONE = {"reject": "rejected", "waive": "waived", "approve": "approved"}


def _by(approval: Approval) -> str:
    because = f": {approval.reason}" if approval.reason else ""
    return f"{approval.actor} {DONE[approval.decision]} {approval.gate}{because}."
