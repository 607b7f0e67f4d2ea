"""The summary's table: every finding once, with its comment or the reason for none."""

from bot.findings_table import CHARACTERS, findings_table
from bot.github.clipping import COMMENT_TEXT
from core.review.findings import Finding, Severity
from core.review.report import (
    Conclusion,
    Coverage,
    CoverageState,
    ReportUsage,
    ReviewReport,
    Verdict,
)

LINK = "https://github.test/octo/hello/pull/1#discussion_r"


def finding(number: int, severity: Severity = Severity.ERROR, **said: str) -> Finding:
    """Return the nth finding."""
    return Finding(
        path=said.get("path", "a.py"),
        line=number,
        severity=severity,
        confidence=0.9,
        rule="x/y",
        source="rules",
        title=said.get("title", f"Problem {number}"),
        body="",
        fingerprint=f"{number:032x}",
    )


def report(*findings: Finding) -> ReviewReport:
    """Return a report of these findings."""
    return ReviewReport(
        run_id="run_1",
        coverage=Coverage(
            state=CoverageState.REVIEWED, hunks_total=1, hunks_reviewed=1
        ),
        verdict=Verdict(conclusion=Conclusion.FAILURE, reason="because"),
        findings=findings,
        usage=ReportUsage(model="rules"),
    )


def test_each_finding_has_its_comment_or_a_reason() -> None:
    """The reasons come first, for these findings stand nowhere else."""
    one, two = finding(1, Severity.INFO), finding(2)
    table = findings_table(
        report(one, two), {two.fingerprint: f"{LINK}7"}, {one.fingerprint: "too far"}
    )
    assert table.splitlines()[2:] == [
        "| 💡 | `a.py:1` | Problem 1 | too far |",
        f"| 🛑 | `a.py:2` | Problem 2 | [here]({LINK}7) |",
    ]
    assert findings_table(report(one), {}, {}) == ""


def test_a_title_cannot_leave_its_cell() -> None:
    """Bars, breaks, images and mentions in what was found change no table."""
    bad = finding(1, title="a|b ![x](http://e) @alice", path="a|b.py")
    table = findings_table(report(bad), {}, {bad.fingerprint: "c|d\ne"})
    (row,) = table.splitlines()[2:]
    assert row.replace("\\|", "").count("|") == 5
    assert "![x](" not in row


def test_a_thousand_findings_fit_into_one_comment() -> None:
    """What does not fit is counted."""
    many = [finding(n, title="t" * 190) for n in range(1, 1001)]
    reasons = {one.fingerprint: "r" * 290 for one in many}
    table = findings_table(report(*many), {}, reasons)
    rows = len(table.splitlines()) - 3
    assert len(table) < CHARACTERS + 200 < COMMENT_TEXT
    assert table.splitlines()[-1] == f"| | | … and {1000 - rows} more | |"
