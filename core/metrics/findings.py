"""Findings: how severe, and how far each has come."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter

SEVERITIES = Bound("info", "warning", "error")
FATES = Bound(
    *("proposed", "verified", "filtered", "anchored", "unanchored"),
    *("posted", "demoted", "summarised", "addressed", "disputed"),
    *("dismissed", "waived", "outdated"),
)

FINDINGS = BoundedCounter(
    "nofx_findings_total",
    "Moves of findings that this process recorded, by severity: each finding is counted"
    " once for every stage that it comes to.",
    {"severity": SEVERITIES, "fate": FATES},
)
