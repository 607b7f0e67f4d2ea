"""A review as SARIF 2.1.0, the form that GitHub code scanning and editors read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
"""

from typing import TypeAlias
from urllib.parse import quote

from core.review.findings import Finding, Severity, Side
from core.review.report import CoverageState, ReviewReport, Unread

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}
ROOT = "SRCROOT"
Json: TypeAlias = dict[str, object]


def sarif(report: ReviewReport, version: str) -> Json:
    """Return the review as one SARIF run of the tool nofx in the given version.

    Rules come once each, in the order of first use. Unread parts stand as notifications
    of the invocation, so that an empty list of results never looks like a clean bill.
    """
    findings = report.findings
    rules = {finding.rule: finding for finding in reversed(findings)}
    order = list(dict.fromkeys(finding.rule for finding in findings))
    coverage = report.coverage
    invocation = {
        "executionSuccessful": coverage.state is not CoverageState.NOT_REVIEWED,
        "toolExecutionNotifications": [_unread(part) for part in coverage.reasons],
    }
    run: Json = {
        "tool": {
            "driver": {
                "name": "nofx",
                "version": version,
                "rules": [_rule(rules[name]) for name in order],
            }
        },
        "automationDetails": {"id": f"nofx/{_text(report.run_id)}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [
            _result(finding, order.index(finding.rule)) for finding in findings
        ],
        "properties": {
            "coverage": coverage.model_dump(mode="json", exclude={"reasons"}),
            "verdict": report.verdict.model_dump(mode="json"),
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(example: Finding) -> Json:
    """Describe a rule by the first finding that it made."""
    return {
        "id": _text(example.rule),
        "shortDescription": {"text": _text(example.title)},
        "defaultConfiguration": {"level": LEVELS[example.severity]},
        "properties": {"tags": [_text(example.source)]},
    }


def _result(finding: Finding, rule: int) -> Json:
    """Describe one finding.

    A removed line is no line of the file as it is now: the file is named, the lines are
    told in the message.
    """
    message = f"{finding.title}\n\n{finding.body}".strip()
    where: Json = {"artifactLocation": _artifact(finding.path)}
    first = finding.start_line or finding.line
    if finding.unplaced is not None:
        message = f"{message}\n\n{finding.unplaced}"
    elif finding.side is Side.RIGHT:
        where["region"] = {"startLine": first, "endLine": finding.line}
    else:
        message = f"Removed lines {first} to {finding.line}: {message}"
    result: Json = {
        "ruleId": _text(finding.rule),
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": _text(message)},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {"nofx/v1": finding.fingerprint},
        "properties": {
            "confidence": finding.confidence,
            "side": finding.side.value,
            "source": _text(finding.source),
        },
    }
    if finding.suggestion is not None and finding.side is Side.RIGHT:
        result["fixes"] = [_fix(finding, first, finding.suggestion)]
    return result


def _fix(finding: Finding, first: int, suggestion: str) -> Json:
    """Describe a suggestion as the replacement of whole lines."""
    replacement: Json = {
        "deletedRegion": {"startLine": first, "endLine": finding.line},
        "insertedContent": {"text": _text(suggestion).removesuffix("\n")},
    }
    change = {
        "artifactLocation": _artifact(finding.path),
        "replacements": [replacement],
    }
    return {"description": {"text": "Suggested change"}, "artifactChanges": [change]}


def _unread(part: Unread) -> Json:
    """Describe a part of the change that was not read, as a notification."""
    note: Json = {"level": "warning", "message": {"text": f"Not read: {part.reason}"}}
    if part.path is not None:
        where = {"physicalLocation": {"artifactLocation": _artifact(part.path)}}
        note["locations"] = [where]
        note["properties"] = {"hunks": list(part.hunks)}
    return note


def _artifact(path: str) -> Json:
    """Name a file by a relative URI; bytes that are not UTF-8 are kept, escaped."""
    uri = quote(path, safe="/", encoding="utf-8", errors="surrogateescape")
    return {"uri": uri, "uriBaseId": ROOT}


def _text(value: str) -> str:
    """Replace halves of characters, which no JSON file can carry."""
    return value.encode("utf-8", "replace").decode("utf-8")
