"""Reviews as tests need them: one of each kind of finding, and hostile ones."""

from core.review.findings import Finding, Severity
from core.review.hunks import Diff, parse_diff
from core.review.report import (
    Conclusion,
    Coverage,
    CoverageState,
    ReportUsage,
    ReviewReport,
    Unread,
    Verdict,
)

DIFF = b"""diff --git a/src/app.py b/src/app.py
index 1111111..2222222 100644
--- a/src/app.py
+++ b/src/app.py
@@ -10,4 +10,5 @@ import os
 def connect():
-    return None
+    password = "hunter2"
+    return login(password)
     # the end
     return None
"""
UNREAD = Unread(path="src/big.py", hunks=(0, 2), reason="it is over the budget")


def a_diff() -> Diff:
    """Return a change of src/app.py: line 11 removed, lines 11 and 12 added."""
    return parse_diff(DIFF)


def a_finding(severity: Severity = Severity.ERROR, **changes: object) -> Finding:
    """Return a finding on line 11 of src/app.py, with some fields changed."""
    facts: dict[str, object] = {
        "path": "src/app.py",
        "line": 11,
        "severity": severity,
        "confidence": 0.9,
        "rule": "S105",
        "title": "Hard-coded password",
        "body": "Anyone who reads the code can log in.",
        "source": "ruff",
        "fingerprint": "0123456789abcdef" * 2,
        **changes,
    }
    return Finding.model_validate(facts)


def a_report(*findings: Finding, unread: Unread | None = None) -> ReviewReport:
    """Return a whole review, or a partial one where something was not read."""
    state = CoverageState.REVIEWED if unread is None else CoverageState.PARTIAL
    conclusion = Conclusion.SUCCESS if unread is None else Conclusion.NEUTRAL
    return ReviewReport(
        run_id="run_1",
        coverage=Coverage(
            state=state,
            hunks_total=5,
            hunks_reviewed=5 if unread is None else 3,
            reasons=() if unread is None else (unread,),
        ),
        verdict=Verdict(
            conclusion=Conclusion.FAILURE if findings else conclusion,
            reason="This is why",
        ),
        findings=findings,
        usage=ReportUsage(model="rules", wall_seconds=1.25),
    )
