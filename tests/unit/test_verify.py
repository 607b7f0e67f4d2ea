"""Which proposals stand, under which name, and where."""

from hypothesis import given
from hypothesis import strategies as st

from core.review.config import ReviewConfig
from core.review.findings import Proposal, Severity, Side
from core.review.hunks import parse_diff
from core.review.verify import Fate, Judged, Look, Policy, identify, judge, settle

DIFF = b"""\
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,3 +1,4 @@
 one
-two
+two and more
+three
 four
@@ -20,2 +21,3 @@
 twenty
+two and more
 last
"""


def proposal(line: int, **changes: object) -> Proposal:
    """Return a remark on a line of a.py."""
    values: dict[str, object] = {
        "path": "a.py",
        "line": line,
        "severity": Severity.ERROR,
        "confidence": 0.8,
        "rule": "rule",
        "title": "Title",
        "body": "",
        "source": "test",
    }
    return Proposal.model_validate(values | changes)


def fate(one: Proposal, policy: Policy | None = None) -> Judged:
    """Return what becomes of one proposal."""
    diff = parse_diff(DIFF)
    (judged,) = judge(identify([one], diff), diff, policy or Policy())
    return judged


def test_a_changed_line_carries_its_finding() -> None:
    """An added line is where a comment can stand."""
    judged = fate(proposal(2))
    assert judged.fate is Fate.ANCHORED
    assert (judged.anchor.line, judged.anchor.side) == (2, Side.RIGHT)


def test_a_removed_line_carries_its_finding_on_the_left() -> None:
    """The base's line 2 was removed."""
    assert fate(proposal(2, side=Side.LEFT)).fate is Fate.ANCHORED


def test_untouched_lines_are_filtered() -> None:
    """Context is visible, but this change did not write it."""
    judged = fate(proposal(1))
    assert judged.fate is Fate.FILTERED
    assert "no line that this change touches" in judged.reason


def test_another_file_is_filtered() -> None:
    """A reviewer may not speak of files that did not change."""
    assert "not part of this change" in fate(proposal(2, path="b.py")).reason


def test_a_remark_without_a_line_is_summarised() -> None:
    """It is never put on the line that it happens to carry, and keeps its reason."""
    judged = fate(proposal(2, unplaced="the model named a line that is not there"))
    assert judged.fate is Fate.UNANCHORED
    assert judged.reason == "the model named a line that is not there"
    diff = parse_diff(DIFF)
    two = [proposal(2, unplaced="lost", title=title) for title in ("One", "Two")]
    assert len(identify(two, diff)) == 2


def test_low_confidence_is_filtered_by_policy() -> None:
    """The reason names both numbers."""
    judged = fate(proposal(2), Policy(min_confidence=0.9))
    assert judged.fate is Fate.FILTERED
    assert "0.80 < 0.90" in judged.reason


def test_a_range_that_reaches_outside_is_cut_to_what_is_shown() -> None:
    """The finding keeps its own lines; the anchor has those that GitHub shows."""
    judged = fate(proposal(9, start_line=2))
    assert (judged.start_line, judged.line) == (2, 4)
    assert (judged.finding.start_line, judged.finding.line) == (2, 9)


def test_the_same_remark_twice_is_one_finding() -> None:
    """Two analyzers that say the same, or one that repeats itself."""
    assert len(identify([proposal(2), proposal(2)], parse_diff(DIFF))) == 1


def test_equal_code_in_two_places_is_two_findings() -> None:
    """Lines 2 and 22 read the same; each keeps a name of its own."""
    first, second = identify([proposal(22), proposal(2)], parse_diff(DIFF))
    assert (first.line, second.line) == (2, 22)
    assert first.fingerprint != second.fingerprint


@given(st.integers(1, 500), st.text("ab \n", max_size=5))
def test_a_finding_keeps_its_name_when_its_line_moves(move: int, above: str) -> None:
    """A rebase moves lines and may change white space, not what they say."""
    count = 3 + move
    padding = b" pad\n" * move
    moved = (
        b"--- a/a.py\n+++ b/a.py\n@@ -1,%d +1,%d @@\n one\n" % (count, count + 1)
        + padding
        + b"-two\n+two  and more\n+three\n four\n"
    )
    before = identify([proposal(2)], parse_diff(DIFF))[0]
    after = identify([proposal(2 + move, body=above)], parse_diff(moved))[0]
    assert before.fingerprint == after.fingerprint


def test_low_severity_is_filtered_by_policy() -> None:
    """The reason names both."""
    judged = fate(
        proposal(2, severity=Severity.INFO), Policy(min_severity=Severity.WARNING)
    )
    assert judged.fate is Fate.FILTERED
    assert judged.reason == "severity info is below warning"


@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(Severity),
    st.sampled_from(Severity),
    st.integers(0, 30),
)
def test_a_repository_may_ask_for_more_and_never_for_less(
    floor: float, wanted: float, least: Severity, severity: Severity, most: int
) -> None:
    """The service's thresholds hold in any case; what fails is not touched."""
    own = Policy(min_confidence=floor, min_severity=least, max_comments=20)
    config = ReviewConfig.model_validate(
        {
            "thresholds": {"confidence": wanted, "severity": severity},
            "max_comments": most,
        }
    )
    policy = own.within(config)
    assert policy.min_confidence == max(floor, wanted)
    assert policy.min_severity.rank == max(least.rank, severity.rank)
    assert policy.max_comments == min(20, most)
    assert policy.fail_on is own.fail_on


def settled(look: Look, *proposals: Proposal) -> list[Judged]:
    """Return what becomes of proposals after a look."""
    diff = parse_diff(DIFF)
    return list(settle(judge(identify(proposals, diff), diff, Policy()), look))


def names(*proposals: Proposal) -> list[str]:
    """Return the fingerprints of proposals."""
    return [one.fingerprint for one in identify(proposals, parse_diff(DIFF))]


def test_what_is_refuted_is_filtered_with_the_reason() -> None:
    """What is not known, or was filtered before, stays as it was."""
    good, context = proposal(2), proposal(1, rule="context")
    known = names(context, good)
    look = Look(refuted=dict.fromkeys([*known, "f" * 32], "line 1 shows it"))
    first, second = settled(look, good, context)
    assert "no line that this change touches" in first.reason
    assert second.fate is Fate.FILTERED
    assert second.reason == "a second look refuted it: line 1 shows it"


def test_what_says_the_same_is_filtered_with_where_it_is_said() -> None:
    """Only if what it is joined to still stands."""
    one, two = proposal(2, rule="one"), proposal(3, rule="two")
    first, second = names(one, two)
    filtered = settled(Look(joined={second: first}), one, two)[1]
    assert filtered.fate is Fate.FILTERED
    assert filtered.reason == f"it says the same as {first[:8]}, one on line 2"
    for look in (
        Look(joined={second: first}, refuted={first: "no"}),
        Look(joined={second: first, first: second}),
        Look(joined={second: second}),
        Look(joined={second: "f" * 32}),
    ):
        assert settled(look, one, two)[1].fate is Fate.ANCHORED


def test_a_doubt_lowers_nothing() -> None:
    """It is kept beside the finding."""
    (name,) = names(proposal(2))
    (judged,) = settled(Look(unsure={name: "the caller is not shown"}), proposal(2))
    assert (judged.fate, judged.doubt) == (Fate.ANCHORED, "the caller is not shown")


def test_a_model_does_not_repeat_itself() -> None:
    """Two remarks in one definition with the same words are one."""
    said = {"title": "The user may be None", "enclosing": "total", "source": "m:x"}
    one = proposal(2, rule="null", **said)
    two = proposal(3, rule="none-check", **said)
    diff = parse_diff(DIFF)
    found = identify([one, two], diff)
    assert [one.fate for one in judge(found, diff, Policy(), model="m:x")] == [
        Fate.ANCHORED,
        Fate.FILTERED,
    ]
    assert all(one.fate is Fate.ANCHORED for one in judge(found, diff, Policy()))
