"""What a model's answers are worth: recall, precision, lines, noise and cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from core.review.evaluation.case import Expected
from core.review.evaluation.matching import Match, matches
from core.review.findings import Finding
from core.review.report import ReviewReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One case as one model reviewed it; `failed` is the reason why it did not."""

    case: str
    expected: Sequence[Expected]
    findings: Sequence[Finding] = ()
    matched: Sequence[Match] = ()
    tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All cases of one model together.

    Shares are from 0 to 1, and None where there is nothing to have a share of.
    `recall`: expected remarks that were made. `precision`: remarks that were expected.
    `line_accuracy`: of the remarks that were expected, those on the very lines.
    `noise`: remarks a case that nobody expected.
    """

    model: str
    cases: int
    failed: int
    expected: int
    found: int
    matched: int
    recall: float | None
    precision: float | None
    line_accuracy: float | None
    noise: float | None
    tokens: int
    usd: float
    seconds: float


def scored(case: str, expected: Sequence[Expected], report: ReviewReport) -> Scored:
    """Score one report."""
    usage = report.usage
    return Scored(
        case=case,
        expected=expected,
        findings=report.findings,
        matched=matches(expected, report.findings),
        tokens=usage.input_tokens + usage.output_tokens,
        usd=usage.cost_usd,
        seconds=usage.wall_seconds,
    )


def together(model: str, cases: Sequence[Scored]) -> Score:
    """Add up the cases of a model; one that failed has found nothing."""
    expected = sum(len(one.expected) for one in cases)
    found = sum(len(one.findings) for one in cases)
    hits = [match for one in cases for match in one.matched]
    unasked = [len(one.findings) - len(one.matched) for one in cases if not one.failed]
    return Score(
        model=model,
        cases=len(cases),
        failed=sum(1 for one in cases if one.failed),
        expected=expected,
        found=found,
        matched=len(hits),
        recall=len(hits) / expected if expected else None,
        precision=len(hits) / found if found else None,
        line_accuracy=fmean(hit.on_line for hit in hits) if hits else None,
        noise=fmean(unasked) if unasked else None,
        tokens=sum(one.tokens for one in cases),
        usd=sum(one.usd for one in cases),
        seconds=sum(one.seconds for one in cases),
    )
