"""The report that follows from what was judged and read: pure, to be repeated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.review.config import FILE, ReviewConfig
from core.review.coverage import conclude, measure
from core.review.findings import Finding, Severity
from core.review.hunks import Diff
from core.review.ledger.rules import NO_STANDING, Standing, blocking
from core.review.report import (
    Conclusion,
    FileChange,
    ReportUsage,
    ReviewReport,
    Unread,
    Verdict,
)
from core.review.verify import Fate, Judged

BROKEN = f"{FILE} has errors, so that nobody knows what it asks for"
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
    hunks with reasons; `changes` are paths with what changes there. `excluded` are
    files that `config` leaves out; a broken one had errors in it.
    """

    diff: Diff
    judged: Sequence[Judged]
    missing: Iterable[tuple[str, str]]
    unread: Iterable[tuple[str, str]]
    usage: ReportUsage | None
    changes: Iterable[tuple[str, str]] = ()
    excluded: Sequence[str] = ()
    config: ReviewConfig = field(default_factory=ReviewConfig)
    config_broken: bool = False


def report_of(
    run_id: str,
    found: Findings,
    *,
    reviewer: Reviewer,
    fail_on: Severity,
    notes: Sequence[str] = (),
    said: Standing = NO_STANDING,
) -> ReviewReport:
    """Return the report: coverage first, then the verdict that it allows.

    `notes` say what is wrong with the repository's configuration, `said` is what the
    pull request's ledger says to the findings.
    """
    findings = tuple(
        one.finding for one in found.judged if one.fate is not Fate.FILTERED
    )
    missing = [
        Unread(path=path or None, reason=reason) for path, reason in found.missing
    ]
    coverage = measure(found.diff, dict(found.unread), missing, found.excluded)
    verdict = conclude(
        coverage,
        blocking(findings, said),
        fail_on=fail_on,
        reviewer=reviewer.words,
        partial=Conclusion(found.config.gate.partial),
        unsure=BROKEN if found.config_broken else "",
    )
    return ReviewReport(
        run_id=run_id,
        coverage=coverage,
        verdict=_with_ledger(verdict, findings, said, fail_on),
        findings=findings,
        usage=found.usage or ReportUsage(model=reviewer.name),
        configuration=tuple(notes),
        walkthrough=tuple(
            FileChange(path=path, change=said) for path, said in found.changes
        ),
    )


def _with_ledger(
    verdict: Verdict, findings: Sequence[Finding], said: Standing, fail_on: Severity
) -> Verdict:
    """Say what counts although it is of earlier commits, and what does not count."""
    old = sum(one.severity.rank >= fail_on.rank for one in said.open)
    let = sum(
        one.severity.rank >= fail_on.rank and one.fingerprint in said.settled
        for one in findings
    )
    words = [verdict.reason]
    if old:
        are = "is" if old == 1 else "are"
        words.append(f"{old} of them {are} from an earlier commit and still open.")
    if let:
        were = "was" if let == 1 else "were"
        words.append(f"{let} {were} dismissed or waived.")
    return verdict.model_copy(update={"reason": " ".join(words)})
