"""The sentences about a review that several forms share."""

from collections import Counter

from bot.plain import counted
from core.review.findings import Finding, Severity
from core.review.report import (
    Coverage,
    CoverageState,
    ReportUsage,
    ReviewReport,
    Unread,
)

MEBIBYTE = 1 << 20


def place(finding: Finding) -> str:
    """Return the lines of a finding: `13`, `12-13`, or `12 (removed)` on the left."""
    if finding.unplaced is not None:
        return "no line"
    first = finding.start_line or finding.line
    lines = str(finding.line) if first == finding.line else f"{first}-{finding.line}"
    return f"{lines} (removed)" if finding.side == "LEFT" else lines


def tally(report: ReviewReport) -> str:
    """Return how many findings there are of each severity, worst first."""
    if not report.findings:
        if report.coverage.state is CoverageState.NOT_REVIEWED:
            return "no findings, for nothing was read"
        return "no findings"
    counts = Counter(finding.severity for finding in report.findings)
    nouns = {Severity.INFO: "remark"}
    return ", ".join(
        counted(counts[severity], nouns.get(severity, severity.value))
        for severity in reversed(Severity)
        if counts[severity]
    )


def coverage(value: Coverage) -> str:
    """Return how much of the change was read."""
    total = counted(value.hunks_total, "hunk")
    if value.excluded:
        total = f"{total}, {counted(len(value.excluded), 'file')} excluded"
    match value.state:
        case CoverageState.REVIEWED:
            return f"reviewed, {value.hunks_reviewed} of {total}"
        case CoverageState.PARTIAL:
            return f"partial, {value.hunks_reviewed} of {total}"
        case CoverageState.NOT_REVIEWED:
            return f"not reviewed, 0 of {total}"


def unread_part(part: Unread) -> str:
    """Return what was not read: the whole change, a file, or hunks counted from 1."""
    if part.path is None:
        return "the whole change"
    if not part.hunks:
        return part.path
    numbers = ", ".join(str(number + 1) for number in part.hunks)
    return f"{part.path}, {'hunk' if len(part.hunks) == 1 else 'hunks'} {numbers}"


def usage(value: ReportUsage) -> str:
    """Return who reviewed and what it cost, leaving out what was not used."""
    parts = [value.model]
    if value.input_tokens or value.output_tokens:
        parts.append(f"{value.input_tokens} tokens in, {value.output_tokens} out")
    if value.cost_usd:
        parts.append(f"${value.cost_usd:.4f}")
    parts.append(f"{value.wall_seconds:.1f} s")
    if value.cpu_seconds:
        parts.append(f"{value.cpu_seconds:.1f} s of CPU")
    if value.peak_memory_bytes:
        parts.append(f"{value.peak_memory_bytes / MEBIBYTE:.0f} MiB")
    return ", ".join(parts)
