"""A review's report says no more than was read, in the shape that is published."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from core.review import report as module
from core.review.report import (
    Conclusion,
    Coverage,
    CoverageState,
    ReportUsage,
    ReviewReport,
    Unread,
    Verdict,
    group_unread,
)
from core.review.reviewer import Usage
from tests.fakes.reports import UNREAD, a_finding, a_report

SCHEMA = Path(module.__file__).with_name("report.schema.json")


def test_the_published_schema_is_current() -> None:
    """The file is what the model says; the message tells how to write it anew."""
    wanted = ReviewReport.model_json_schema(mode="serialization")
    text = json.dumps(wanted, indent=2, sort_keys=True) + "\n"
    assert SCHEMA.read_text() == text, (
        f"write {SCHEMA.name} anew from ReviewReport.model_json_schema"
    )


def test_a_report_is_valid_by_the_schema() -> None:
    """What is printed as JSON is what the schema promises, and no key is left out."""
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    validator.check_schema(validator.schema)
    printed = a_report(a_finding(), unread=UNREAD).model_dump(mode="json")
    validator.validate(printed)
    assert list(printed) == [
        *("run_id", "coverage", "verdict", "findings", "usage"),
        *("configuration", "walkthrough"),
    ]
    for key in printed:
        less = {name: value for name, value in printed.items() if name != key}
        assert not validator.is_valid(less), key
    assert not validator.is_valid({**printed, "more": 1})


@pytest.mark.parametrize(
    ("state", "total", "read", "reasons"),
    [
        (CoverageState.REVIEWED, 2, 3, ()),
        (CoverageState.REVIEWED, 2, 1, ()),
        (CoverageState.REVIEWED, 2, 2, (UNREAD,)),
        (CoverageState.PARTIAL, 2, 1, ()),
        (CoverageState.NOT_REVIEWED, 2, 0, ()),
        (CoverageState.NOT_REVIEWED, 2, 1, (UNREAD,)),
    ],
)
def test_coverage_cannot_claim_more_than_was_read(
    state: CoverageState, total: int, read: int, reasons: tuple[Unread, ...]
) -> None:
    """A contradiction is refused."""
    with pytest.raises(ValidationError):
        Coverage(state=state, hunks_total=total, hunks_reviewed=read, reasons=reasons)


@pytest.mark.parametrize("state", [CoverageState.PARTIAL, CoverageState.NOT_REVIEWED])
def test_an_unread_change_is_never_green(state: CoverageState) -> None:
    """Success needs a change that was read whole."""
    coverage = Coverage(state=state, hunks_total=2, hunks_reviewed=0, reasons=(UNREAD,))
    for conclusion in Conclusion:
        verdict = Verdict(conclusion=conclusion, reason="Because")
        facts = {"run_id": "r", "coverage": coverage, "verdict": verdict}
        usage = ReportUsage(model="rules")
        if conclusion is Conclusion.SUCCESS:
            with pytest.raises(ValidationError, match="cannot succeed"):
                ReviewReport.model_validate({**facts, "usage": usage})
        else:
            report = ReviewReport.model_validate({**facts, "usage": usage})
            assert report.verdict.conclusion is conclusion


@given(
    unread=st.dictionaries(
        st.tuples(st.text(max_size=5), st.integers(0, 50)),
        st.sampled_from(["budget", "binary"]),
    )
)
def test_grouping_keeps_every_unread_hunk(
    unread: dict[tuple[str, int], str],
) -> None:
    """Each hunk comes back once with its reason, whatever its path looks like."""
    ids = {f"{path}:{index}": reason for (path, index), reason in unread.items()}
    groups = group_unread(ids)
    back = {(part.path, hunk): part.reason for part in groups for hunk in part.hunks}
    assert back == unread
    assert len({(part.path, part.reason) for part in groups}) == len(groups)
    assert all(list(part.hunks) == sorted(part.hunks) for part in groups)


def test_usage_carries_the_reviewers_name() -> None:
    """The cost stands beside who made it."""
    usage = ReportUsage.of("rules", Usage(input_tokens=3, cost_usd=0.5))
    assert (usage.model, usage.input_tokens, usage.cost_usd) == ("rules", 3, 0.5)
