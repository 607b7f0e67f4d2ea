"""A review as Markdown, for a job summary or a file."""

from bot.formats import wording
from bot.formats.excerpt import excerpt
from bot.plain import counted, one_line, visible
from core.review.findings import Finding
from core.review.hunks import Diff
from core.review.report import ReviewReport
from core.review.sanitize import clean_comment, clean_line, code_block, code_span

# A job summary holds 1 MiB; what comes behind the findings needs a part of it.
MAX_FINDINGS_SIZE = 900_000
MAX_REASONS = 100
LONGEST_LINE = 1_000


def render_markdown(report: ReviewReport, diff: Diff | None) -> str:
    """Return the review as GitHub's Markdown, verdict first.

    What reviewers wrote is cleaned as for a comment at GitHub: it can only be read.
    """
    verdict = report.verdict
    head = [
        f"## nofx: {verdict.conclusion.value}",
        _line(verdict.reason),
        f"{wording.tally(report)}; {wording.coverage(report.coverage)}",
    ]
    body: list[str] = []
    room = MAX_FINDINGS_SIZE
    for at, finding in enumerate(report.findings):
        text = _finding(finding, diff)
        room -= len(text.encode("utf-8", "replace"))
        if room < 0:
            left = counted(len(report.findings) - at, "finding")
            body.append(f"{left} left out: a job summary holds no more.")
            break
        body.append(text)
    parts = (*head, *body, *_unread(report), f"Cost: {_cost(report)}")
    return "\n\n".join(parts) + "\n"


def _finding(finding: Finding, diff: Diff | None) -> str:
    """Return one finding with its code and suggestion."""
    where = code_span(f"{one_line(finding.path)}:{wording.place(finding)}")
    parts = [
        f"### {finding.severity.value}: {_line(finding.title)}",
        where,
    ]
    rows = excerpt(diff, finding)
    if rows:
        shown = "\n".join(f"{row.sign}{visible(row.text)}" for row in rows)
        parts.append(code_block(shown, language="diff"))
    if finding.body.strip():
        parts.append(clean_comment(finding.body))
    if finding.suggestion is not None:
        suggestion = visible(finding.suggestion).removesuffix("\n")
        parts.append(f"Suggested instead:\n\n{code_block(suggestion)}")
    source = f"{finding.source}, {finding.rule}, confidence {finding.confidence:.2f}"
    parts.append(_line(source))
    return "\n\n".join(parts)


def _unread(report: ReviewReport) -> list[str]:
    """Return the section on what was not read, if there is any."""
    reasons = report.coverage.reasons
    if not reasons:
        return []
    rows = [
        f"- {code_span(one_line(wording.unread_part(part)))}: {_line(part.reason)}"
        for part in reasons[:MAX_REASONS]
    ]
    if len(reasons) > MAX_REASONS:
        rows.append(f"- and {counted(len(reasons) - MAX_REASONS, 'more part')}")
    return ["### Not read", "\n".join(rows)]


def _cost(report: ReviewReport) -> str:
    """Return the cost and the run's name."""
    run = code_span(one_line(report.run_id))
    return f"{_line(wording.usage(report.usage))}. Run {run}."


def _line(text: str) -> str:
    """Return one line of prose that can only be read."""
    return clean_comment(clean_line(text, limit=LONGEST_LINE))
