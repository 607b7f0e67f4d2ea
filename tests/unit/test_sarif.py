"""SARIF says the same as the report."""

import json

from core.review.findings import Severity, Side
from core.review.report import Unread
from core.review.sarif import Json, sarif
from tests.fakes.reports import UNREAD, a_finding, a_report


def results(log: Json) -> list[Json]:
    """Return the results of the only run."""
    (run,) = json.loads(json.dumps(log))["runs"]
    found: list[Json] = run["results"]
    return found


def test_a_finding_keeps_place_level_and_fingerprint() -> None:
    """GitHub matches results across pushes by the fingerprint."""
    finding = a_finding(start_line=11, line=12, suggestion="secret()\n")
    (result,) = results(sarif(a_report(finding), "1.0"))
    assert result["level"] == "error"
    assert result["ruleId"] == "S105"
    assert result["partialFingerprints"] == {"nofx/v1": finding.fingerprint}
    where = {
        "artifactLocation": {"uri": "src/app.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 11, "endLine": 12},
    }
    assert result["locations"] == [{"physicalLocation": where}]
    assert "secret()" in json.dumps(result["fixes"])


def test_rules_stand_once_and_results_point_at_them() -> None:
    """Three findings of two rules make two rules."""
    findings = (
        a_finding(rule="A"),
        a_finding(Severity.INFO, rule="B"),
        a_finding(rule="A"),
    )
    log = sarif(a_report(*findings), "1.0")
    (run,) = json.loads(json.dumps(log))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["A", "B"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == ["A", "B", "A"]
    assert rules[1]["defaultConfiguration"] == {"level": "note"}


def test_a_removed_line_has_no_region() -> None:
    """A line number of the old file would point at the wrong line of the new one."""
    finding = a_finding(side=Side.LEFT, suggestion="x")
    (result,) = results(sarif(a_report(finding), "1.0"))
    assert "region" not in json.dumps(result["locations"])
    assert "Removed lines 11 to 11" in json.dumps(result["message"])
    assert "fixes" not in result


def test_a_path_becomes_a_uri_byte_by_byte() -> None:
    """Blanks, colons and bytes that are no UTF-8 are escaped, and nothing is lost."""
    (result,) = results(sarif(a_report(a_finding(path="a b:\udcff%.py")), "1.0"))
    assert '"a%20b%3A%FF%25.py"' in json.dumps(result["locations"])


def test_what_was_not_read_is_a_notification() -> None:
    """An empty list of results is no clean bill."""
    whole = Unread(reason="the model is away")
    log = sarif(a_report(unread=UNREAD), "1.0")
    assert "it is over the budget" in json.dumps(log)
    assert "the model is away" in json.dumps(sarif(a_report(unread=whole), "1.0"))
