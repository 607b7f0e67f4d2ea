"""What a check may claim: never more than was read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.review.coverage import conclude, measure, shown
from core.review.findings import Finding, Severity
from core.review.hunks import Diff, parse_diff
from core.review.report import Conclusion, CoverageState, Unread

HUNK = "@@ -{0},1 +{0},1 @@\n-old\n+new\n"


def diff_of(hunks: int) -> Diff:
    """Return a diff of one file with so many hunks."""
    body = "".join(HUNK.format(10 * at + 1) for at in range(hunks))
    return parse_diff(f"--- a/a.py\n+++ b/a.py\n{body}".encode() if hunks else b"")


def finding(severity: Severity) -> Finding:
    """Return a finding of that severity."""
    return Finding(
        path="a.py",
        line=1,
        severity=severity,
        confidence=1,
        rule="rule",
        title="Title",
        body="",
        source="test",
        fingerprint="0" * 32,
    )


@given(st.integers(1, 6), st.sets(st.integers(0, 5)), st.lists(st.booleans()))
def test_green_means_that_everything_was_read(
    hunks: int, unread: set[int], missing: list[bool]
) -> None:
    """For any mix of read, unread and missing parts."""
    skipped = {f"a.py:{at}": "why" for at in unread if at < hunks}
    absent = [Unread(path="big.bin", reason="too large") for _ in missing]
    coverage = measure(diff_of(hunks), skipped, absent)
    verdict = conclude(coverage, [], fail_on=Severity.ERROR, reviewer="Test")
    assert coverage.hunks_total == hunks + len(missing)
    assert coverage.hunks_reviewed == hunks - len(skipped)
    whole = not skipped and not missing
    assert (coverage.state is CoverageState.REVIEWED) == whole
    assert (verdict.conclusion is Conclusion.SUCCESS) == whole
    assert verdict.conclusion is not Conclusion.FAILURE


@pytest.mark.parametrize(
    ("severity", "fail_on", "conclusion"),
    [
        (Severity.ERROR, Severity.ERROR, Conclusion.FAILURE),
        (Severity.WARNING, Severity.ERROR, Conclusion.SUCCESS),
        (Severity.WARNING, Severity.WARNING, Conclusion.FAILURE),
        (Severity.INFO, Severity.INFO, Conclusion.FAILURE),
    ],
)
def test_a_finding_fails_the_check_from_the_policys_severity_on(
    severity: Severity, fail_on: Severity, conclusion: Conclusion
) -> None:
    """The sentence counts what failed it."""
    coverage = measure(diff_of(1), {})
    verdict = conclude(coverage, [finding(severity)], fail_on=fail_on, reviewer="Test")
    assert verdict.conclusion is conclusion
    assert f"at or above {fail_on}" in verdict.reason


def test_a_change_without_lines_of_text_is_no_failure() -> None:
    """A commit that changes no file, say, has nothing to read."""
    coverage = measure(diff_of(0), {})
    verdict = conclude(coverage, [], fail_on=Severity.ERROR, reviewer="Test")
    assert verdict.conclusion is Conclusion.SUCCESS
    assert "no line of text" in verdict.reason


@pytest.mark.parametrize(
    "header",
    [
        "old mode 100644\nnew mode 100755\n",
        "similarity index 100%\nrename from x\nrename to .github/workflows/x.yml\n",
        "deleted file mode 100644\nindex e69de29..0000000\n",
    ],
)
def test_what_changed_without_a_hunk_counts_as_unread(header: str) -> None:
    """A move can switch a workflow on, and no analyzer saw it."""
    renamed = ".github/workflows/x.yml" if "rename" in header else "x"
    diff = parse_diff(f"diff --git a/x b/{renamed}\n{header}".encode())
    coverage = measure(diff, {})
    assert coverage.state is CoverageState.NOT_REVIEWED
    assert [one.path for one in coverage.reasons] == [renamed]


def test_a_new_empty_file_has_nothing_to_read() -> None:
    """Such as an empty __init__.py."""
    diff = parse_diff(
        b"diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n"
    )
    assert measure(diff, {}).state is CoverageState.REVIEWED


def test_a_binary_counts_as_unread() -> None:
    """Its content is nowhere in the diff."""
    diff = parse_diff(
        b"diff --git a/x b/x\nindex 1234567..2345678 100644\n"
        b"Binary files a/x and b/x differ\n"
    )
    coverage = measure(diff, {})
    assert coverage.state is CoverageState.NOT_REVIEWED
    assert coverage.reasons[0].path == "x"


def test_reasons_for_hunks_of_another_diff_do_not_count() -> None:
    """A reviewer that names what is not there changes nothing."""
    assert measure(diff_of(1), {"b.py:0": "why"}).state is CoverageState.REVIEWED


def test_a_name_that_is_not_utf8_is_spelt_out() -> None:
    """People see the byte, and JSON can carry it."""
    assert shown("caf\udce9.py") == "caf\\xe9.py"
