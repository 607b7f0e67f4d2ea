"""Which proposals stand, under which name, and where."""

from hypothesis import given
from hypothesis import strategies as st

from core.review.findings import Proposal, Severity, Side
from core.review.hunks import parse_diff
from core.review.verify import Fate, Judged, Policy, identify, judge

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
