"""How many findings a review keeps."""

from core.review.bounds import most_severe
from core.review.findings import Finding, Severity


def finding(number: int, severity: Severity) -> Finding:
    """Return a finding on a line of its own."""
    return Finding(
        path="a.py",
        line=number,
        severity=severity,
        confidence=1,
        rule="rule",
        title="Title",
        body="",
        source="test",
        fingerprint=f"{number:032x}",
    )


MIXED = [
    finding(1, Severity.INFO),
    finding(2, Severity.ERROR),
    finding(3, Severity.INFO),
    finding(4, Severity.WARNING),
]


def test_the_most_severe_are_kept_in_their_order() -> None:
    """Of equals, the earlier."""
    assert [one.line for one in most_severe(MIXED, most=3)] == [1, 2, 4]


def test_their_size_is_bounded_too() -> None:
    """A commit of the journal has a limit in bytes, not in findings."""
    room = len(MIXED[1].model_dump_json()) + len(MIXED[3].model_dump_json())
    assert [one.line for one in most_severe(MIXED, most_bytes=room)] == [2, 4]


def test_few_findings_are_all_kept() -> None:
    """Nothing is reordered."""
    assert most_severe(MIXED) == tuple(MIXED)
