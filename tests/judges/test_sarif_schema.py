"""The SARIF that nofx writes is judged by SARIF's own schema."""

import json

import pytest
from jsonschema import Draft4Validator

from core.review.findings import Severity, Side
from core.review.report import Unread
from core.review.sarif import sarif
from tests.fakes.reports import UNREAD, a_finding, a_report
from tests.judges.npm import unpacked

PACKAGE, VERSION = "@microsoft/jest-sarif", "1.0.0-beta.0"
SCHEMA = "lib/schemas/sarif-2.1.0-rtm.5.json"


@pytest.mark.judge
def test_every_kind_of_report_is_valid_sarif() -> None:
    """Findings on both sides, suggestions, odd names, nothing found, nothing read."""
    schema = json.loads((unpacked(PACKAGE, VERSION) / SCHEMA).read_bytes())
    validator = Draft4Validator(schema)
    findings = (
        a_finding(start_line=11, line=12, suggestion="x\n"),
        a_finding(Severity.WARNING, side=Side.LEFT),
        a_finding(Severity.INFO, path="a b:\udcff%.py", rule="B"),
    )
    reports = (
        a_report(),
        a_report(*findings),
        a_report(*findings, unread=UNREAD),
        a_report(unread=Unread(reason="the model is away")),
    )
    for report in reports:
        validator.validate(json.loads(json.dumps(sarif(report, "1.0"))))
    assert not validator.is_valid({"version": "2.1.0"})
