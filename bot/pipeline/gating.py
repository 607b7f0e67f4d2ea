"""What a report says to the gates, and what the check says of them: pure."""

from collections.abc import Sequence

from bot.pipeline.ruling import Ruling
from core.review.config import Partial
from core.review.coverage import lacking
from core.review.findings import Finding, Severity
from core.review.ledger.rules import NO_STANDING, Standing
from core.review.ledger.rules import blocking as open_now
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
    asks: Sequence[str] | None,
    blocking: bool,
    partial: Partial = "neutral",
    said: Standing = NO_STANDING,
) -> tuple[Check, ...]:
    """Return what each gate is told: whose findings reached `fail_on`, and whose not.

    Only what is new or still open by what the ledger `said` counts.
    `model` is the language model whose findings belong to `llm_review`; all others are
    analyzers' and belong to `static_analysis`. `asks` say why a person is asked beside
    them, None when nobody is. Where `partial` is a failure, it is the reader's when
    something was not read.
    """
    unread = partial == "failure" and lacking(report.coverage)
    judged, static = stopping(report, model=model, fail_on=fail_on, said=said)
    checks = [
        _check(
            STATIC_ANALYSIS,
            report,
            _why(static, report, fail_on, unread=unread and model is None),
            fail_on,
            blocking=blocking,
        ),
    ]
    if model is None:
        skipped = Conclusion.SKIPPED.value
        checks.append(
            Check(gate=LLM_REVIEW, outcome="skip", conclusion=skipped, reason=NO_MODEL)
        )
    else:
        why = _why(judged, report, fail_on, unread=unread)
        checks.append(_check(LLM_REVIEW, report, why, fail_on, blocking=blocking))
    if asks is not None:
        checks.append(
            Check(
                gate=APPROVAL,
                outcome="ask",
                conclusion=Conclusion.ACTION_REQUIRED.value,
                reason=f"a person has to approve this commit{_because(asks)}",
            )
        )
    return tuple(checks)


def stopping(
    report: ReviewReport, *, model: str | None, fail_on: Severity, said: Standing
) -> tuple[list[Finding], list[Finding]]:
    """Return what stops `llm_review`, and what stops `static_analysis`."""
    counted = open_now(report.findings, said)
    worst = [one for one in counted if one.severity.rank >= fail_on.rank]
    judged = [
        one
        for one in worst
        if model is not None
        and (one.source == model or one.fingerprint in said.by_model)
    ]
    return judged, [one for one in worst if one not in judged]


def _check(
    gate: str,
    report: ReviewReport,
    why: str,
    fail_on: Severity,
    *,
    blocking: bool,
) -> Check:
    """Return what one gate is told: that it failed and why, or how it passes."""
    if why:
        return Check(
            gate=gate,
            outcome="fail",
            conclusion=Conclusion.FAILURE.value,
            reason=why,
            blocking=blocking,
        )
    # A failure that this gate does not share is none of its own.
    verdict = report.verdict
    failed = verdict.conclusion is Conclusion.FAILURE
    conclusion = Conclusion.SUCCESS if failed else _settled(verdict.conclusion)
    reason = f"nothing at or above {fail_on}" if failed else verdict.reason
    return Check(gate=gate, outcome="pass", conclusion=conclusion.value, reason=reason)


def _why(
    found: Sequence[Finding], report: ReviewReport, fail_on: Severity, *, unread: bool
) -> str:
    """Return why a gate fails, or nothing."""
    reasons = []
    if found:
        count = "1 finding" if len(found) == 1 else f"{len(found)} findings"
        reasons.append(f"{count} at or above {fail_on}")
    if unread:
        coverage = report.coverage
        read, total = coverage.hunks_reviewed, coverage.hunks_total
        reasons.append(f"only {read} of {total} hunks were reviewed")
    return "; ".join(reasons)


def _settled(conclusion: Conclusion) -> Conclusion:
    """Return a conclusion once a person has looked: what was not read is not green."""
    waits = conclusion is Conclusion.ACTION_REQUIRED
    return Conclusion.NEUTRAL if waits else conclusion


def ruling(
    verdict: Verdict,
    passage: Passage,
    approvals: Sequence[Approval],
    asks: Sequence[str] = (),
) -> Ruling:
    """Return what the check run concludes once people have had their say.

    A waived failure is neutral, never green: what was found still stands. `asks` say
    what a person has to approve.
    """
    said = [one for one in approvals if one.decision in DONE]
    words = " ".join((verdict.reason, *(_by(one) for one in said)))
    conclusion = verdict.conclusion
    if passage.stopped:
        conclusion = Conclusion.FAILURE
    elif passage.waiting:
        conclusion = Conclusion.ACTION_REQUIRED
        words = f"{words} A person has to approve it{_because(asks)}."
    elif conclusion is Conclusion.FAILURE and any(
        one.decision == "waive" for one in said
    ):
        conclusion = Conclusion.NEUTRAL
    else:
        conclusion = _settled(conclusion)
    return Ruling(
        verdict=Verdict(conclusion=conclusion, reason=words),
        stopped=passage.stopped,
        waiting=passage.waiting,
        number=len(approvals),
    )


def _because(asks: Sequence[str]) -> str:
    return f": {'; '.join(asks)}" if asks else ""


DONE = {"reject": "rejected", "waive": "waived", "approve": "approved"}


def _by(approval: Approval) -> str:
    because = f": {approval.reason}" if approval.reason else ""
    return f"{approval.actor} {DONE[approval.decision]} {approval.gate}{because}."
