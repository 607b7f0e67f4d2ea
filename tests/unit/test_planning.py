"""Which findings become comments, and which the summary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.review_draft import MAX_COMMENTS, TOO_MANY
from bot.pipeline.planning import NO_COMMENTS, plan_review
from core.review.findings import Finding, Severity
from core.review.verify import Fate, Judged


def judged(
    number: int,
    *,
    fate: Fate = Fate.ANCHORED,
    severity: Severity = Severity.WARNING,
    confidence: float = 1,
) -> Judged:
    """Return a finding with its fate, named by its number."""
    finding = Finding(
        path="a.py",
        line=number + 1,
        severity=severity,
        confidence=confidence,
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


def test_what_was_beyond_the_most_does_not_come_with_the_next_review() -> None:
    """A rerun of an unchanged commit says nothing more on its lines."""
    many = [judged(at) for at in range(45)]
    first = plan_review(many, {})
    standing = {one.finding.fingerprint: 1 for one in first.comments}
    again = plan_review(many, standing)
    assert again.comments == ()
    assert again.summarised == first.summarised


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


@pytest.mark.parametrize("most", [0, 1, 5, 30, 99])
def test_at_most_so_many_are_posted_and_none_is_lost(most: int) -> None:
    """The repository may ask for fewer than a review carries, never for more."""
    many = [judged(at) for at in range(40)]
    plan = plan_review(many, {}, most=most)
    assert len(plan.comments) == min(most, MAX_COMMENTS)
    assert len(plan.comments) + len(plan.summarised) == 40
    (reason,) = set(plan.summarised.values())
    assert reason == {
        0: NO_COMMENTS,
        1: "a review here has at most 1 comment",
        5: "a review here has at most 5 comments",
    }.get(most, TOO_MANY)


@given(
    st.lists(
        st.tuples(st.sampled_from(Severity), st.sampled_from((0.1, 0.5, 0.9))),
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_what_is_posted_is_the_gravest_and_then_the_surest(
    found: list[tuple[Severity, float]], most: int
) -> None:
    """No finding in the summary is graver, or as grave and surer, than one posted."""
    many = [
        judged(at, severity=severity, confidence=sure)
        for at, (severity, sure) in enumerate(found)
    ]
    plan = plan_review(many, {}, most=most)
    weights = {
        one.finding.fingerprint: (one.finding.severity.rank, one.finding.confidence)
        for one in many
    }
    posted = [weights[one.finding.fingerprint] for one in plan.comments]
    left = [weights[name] for name in plan.summarised]
    assert posted == sorted(posted, reverse=True)
    assert not (posted and left) or min(posted) >= max(left)
