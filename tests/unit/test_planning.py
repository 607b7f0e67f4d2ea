"""Which findings become comments, and which the summary."""

from bot.github.review_draft import MAX_COMMENTS
from bot.pipeline.planning import plan_review
from core.review.findings import Finding, Severity
from core.review.verify import Fate, Judged


def judged(
    number: int, *, fate: Fate = Fate.ANCHORED, severity: Severity = Severity.WARNING
) -> Judged:
    """Return a finding with its fate, named by its number."""
    finding = Finding(
        path="a.py",
        line=number + 1,
        severity=severity,
        confidence=1,
        rule="rule",
        title="Title",
        body="",
        source="test",
        fingerprint=f"{number:032x}",
    )
    return Judged(finding=finding, fate=fate, reason="why", line=number + 1)


def test_what_stands_already_is_not_posted_again() -> None:
    """Its comment's id is kept for the ledger."""
    plan = plan_review([judged(1), judged(2)], {f"{1:032x}": 77})
    assert [one.finding.line for one in plan.comments] == [3]
    assert plan.standing == {f"{1:032x}": 77}


def test_unanchored_findings_go_to_the_summary_with_their_reason() -> None:
    """They are not lost for want of a line."""
    plan = plan_review([judged(1, fate=Fate.UNANCHORED)], {})
    assert plan.comments == ()
    assert plan.summarised == {f"{1:032x}": "why"}


def test_filtered_findings_are_shown_nowhere() -> None:
    """They stay in the run's history."""
    plan = plan_review([judged(1, fate=Fate.FILTERED)], {})
    assert (plan.comments, plan.summarised) == ((), {})


def test_the_most_severe_are_posted_when_there_are_too_many() -> None:
    """The rest is summarised, and nothing is lost."""
    many = [judged(at) for at in range(MAX_COMMENTS + 5)]
    grave = judged(99, severity=Severity.ERROR)
    plan = plan_review([*many, grave], {})
    assert plan.comments[0] == grave
    assert len(plan.comments) == MAX_COMMENTS
    assert len(plan.summarised) == 6
