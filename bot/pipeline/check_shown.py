"""What the check run shows: annotations, how a run ended, and its three buttons."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.github.check_draft import (
    Annotation,
    CheckAction,
    CheckDraft,
    Conclusion,
    Level,
)
from bot.naming import CHECK
from core.review.findings import Finding, Severity, Side
from core.review.report import ReviewReport
from core.runs.model import Run

LEVELS = {
    Severity.ERROR: Level.FAILURE,
    Severity.WARNING: Level.WARNING,
    Severity.INFO: Level.NOTICE,
}
RERUN = CheckAction(
    label="Re-run", description="Review this commit again", identifier="rerun"
)
WAIVE = CheckAction(
    label="Waive", description="Pass the gates that failed (write)", identifier="waive"
)
BUNDLE = CheckAction(
    label="Bundle", description="Say why, and collect all it left", identifier="bundle"
)
# A review that never happened is no verdict on the code, so none of these is red.
ENDINGS = {
    "cancelled": Conclusion.CANCELLED,
    "failed": Conclusion.ACTION_REQUIRED,
    "dead": Conclusion.ACTION_REQUIRED,
}


def check_draft(
    run: Run,
    title: str,
    text: str,
    *,
    now: datetime,
    run_url: str | None,
    started: bool = False,
    conclusion: Conclusion | None = None,
) -> CheckDraft:
    """Return a run's check as it is shown now; it has buttons once it is concluded."""
    return CheckDraft(
        name=CHECK,
        head_sha=run.subject.head_sha,
        external_id=run.id,
        title=title,
        summary=text,
        conclusion=conclusion,
        started_at=run.queued_at if started or conclusion else None,
        completed_at=now if conclusion else None,
        details_url=run_url.format(run_id=run.id) if run_url else None,
        actions=(RERUN, BUNDLE) if conclusion else (),
    )


def with_waive(draft: CheckDraft, stopped: Sequence[str]) -> CheckDraft:
    """Add the button that waives, where gates have failed."""
    return replace(draft, actions=(RERUN, WAIVE, BUNDLE)) if stopped else draft


def annotations(
    report: ReviewReport, summarised: Mapping[str, str]
) -> tuple[Annotation, ...]:
    """Return what stands on no line of the diff, beside its line in the file.

    What is known to be about no line of it stands in the summary alone.
    """
    return tuple(
        _annotation(one)
        for one in report.findings
        if one.fingerprint in summarised
        and one.side is Side.RIGHT
        and one.unplaced is None
    )


def _annotation(finding: Finding) -> Annotation:
    return Annotation(
        path=finding.path,
        start_line=finding.start_line or finding.line,
        end_line=finding.line,
        level=LEVELS[finding.severity],
        title=finding.title,
        message=finding.body or finding.title,
    )
