"""The report that follows from what was judged and read: pure, to be repeated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.review.coverage import conclude, measure
from core.review.findings import Severity
from core.review.hunks import Diff
from core.review.report import ReportUsage, ReviewReport, Unread
from core.review.verify import Fate, Judged

RULES_ONLY = "Rules only (no model is configured)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who reviewed: a language model by its name, or rules alone."""

    name: str
    is_model: bool

    @property
    def words(self) -> str:
        """Return what reviewed, in words that claim no more than that."""
        return f"Model {self.name}" if self.is_model else RULES_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a review came to: judged findings, and the parts of the diff left unread.

    `missing` are paths with reasons, '' for the change as a whole; `unread` are ids of
    hunks with reasons.
    """

    diff: Diff
    judged: Sequence[Judged]
    missing: Iterable[tuple[str, str]]
    unread: Iterable[tuple[str, str]]
    usage: ReportUsage | None


def report_of(
    run_id: str, found: Findings, *, reviewer: Reviewer, fail_on: Severity
) -> ReviewReport:
    """Return the report: coverage first, then the verdict that it allows."""
    findings = tuple(
        one.finding for one in found.judged if one.fate is not Fate.FILTERED
    )
    missing = [
        Unread(path=path or None, reason=reason) for path, reason in found.missing
    ]
    coverage = measure(found.diff, dict(found.unread), missing)
    return ReviewReport(
        run_id=run_id,
        coverage=coverage,
        verdict=conclude(coverage, findings, fail_on=fail_on, reviewer=reviewer.words),
        findings=findings,
        usage=found.usage or ReportUsage(model=reviewer.name),
    )
