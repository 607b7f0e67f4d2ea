"""A review as workflow commands, which GitHub Actions turns into annotations.

Source of the escaping: GitHub's runner undoes `%25`, `%0D` and `%0A` in a message, and
`%3A` and `%2C` beside them in a property.
"""

from bot.formats import wording
from bot.plain import one_line, visible
from core.review.findings import Finding, Severity, Side
from core.review.report import Conclusion, ReviewReport

COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}
QUIET = (Conclusion.SUCCESS, Conclusion.NEUTRAL, Conclusion.SKIPPED)


def render_workflow(report: ReviewReport) -> str:
    """Return one command a finding, then one that tells coverage and verdict."""
    lines = [_annotation(finding) for finding in report.findings]
    verdict = report.verdict
    message = (
        f"{verdict.conclusion.value}: {one_line(verdict.reason)}\n"
        f"{wording.tally(report)}; {wording.coverage(report.coverage)}"
    )
    name = "notice" if verdict.conclusion in QUIET else "warning"
    lines.append(_command(name, {"title": "nofx"}, message))
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding) -> str:
    """Return the command of one finding.

    A removed line has no number in the file as it is now, so words tell its place.
    """
    properties = {"file": visible(finding.path)}
    body = f"{finding.body}\n({finding.source}, {finding.rule})"
    if finding.unplaced is not None:
        body = f"{body}\n({finding.unplaced})"
    elif finding.side is Side.LEFT:
        body = f"Line {wording.place(finding)}: {body}"
    else:
        properties["line"] = str(finding.start_line or finding.line)
        properties["endLine"] = str(finding.line)
    properties["title"] = one_line(finding.title)
    return _command(COMMANDS[finding.severity], properties, visible(body))


def _command(name: str, properties: dict[str, str], message: str) -> str:
    """Return one workflow command, escaped."""
    pairs = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {pairs}::{_data(message)}"


def _data(text: str) -> str:
    """Escape a message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property's value."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
