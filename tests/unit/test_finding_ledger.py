"""What a review changes in the ledger of a pull request: laws, and cases by hand."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalTransitionError
from core.events import schema
from core.events.base import Payload
from core.review.findings import Side
from core.review.ledger.copies import copies
from core.review.ledger.model import Entry, Ledger, short_name
from core.review.ledger.moves import moved
from core.review.ledger.rules import (
    Remark,
    Seen,
    blocking,
    foreseen,
    settle,
    standing,
    unread_paths,
)
from core.review.ledger.states import GONE, OPEN, SETTLED
from core.review.verify import Fate
from tests.fakes.seen_reviews import RISKS, diff_of, seen

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EMPTY = Ledger(repository="octo/hello", pull=7)
CLOSED = (*SETTLED, *GONE)


def told(ledger: Ledger, events: Iterable[Payload]) -> Ledger:
    """Return the ledger after events, in a commit of their own."""
    events = tuple(events)
    after = ledger.after(events, seq=ledger.head_seq + 1, time=NOON)
    return replace(after, head_seq=ledger.head_seq + 1)


def after(*reviews: Seen) -> Ledger:
    """Return the ledger after these reviews."""
    ledger = EMPTY
    for one in reviews:
        ledger = told(ledger, settle(ledger, one))
    return ledger


def said(ledger: Ledger, kind: type[schema.FindingMove]) -> Ledger:
    """Return the ledger after a person said this of its only finding."""
    (entry,) = ledger.entries.values()
    return told(ledger, [moved(kind, entry, actor="ann", reason="so")])


def only(ledger: Ledger) -> Entry:
    """Return the ledger's only finding."""
    (entry,) = ledger.entries.values()
    return entry


FILES = st.lists(st.sampled_from(["", "x = 1", *RISKS]), min_size=1, max_size=6)
REVIEWS = st.lists(
    st.builds(
        lambda lines, found, unread, publish: seen(
            lines, found, unread=unread, publish=publish
        ),
        FILES,
        st.lists(st.sampled_from(RISKS), max_size=3),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)
WORDS = st.sampled_from(
    [schema.FindingDismissed, schema.FindingDisputed, schema.FindingWaived, None]
)


@given(REVIEWS, st.lists(WORDS, max_size=5))
def test_no_finding_is_lost_or_told_twice(
    reviews: list[Seen], words: list[type[schema.FindingMove] | None]
) -> None:
    """Whatever is pushed, found and said, and however often a step is done again."""
    ledger = EMPTY
    for at, review in enumerate(reviews):
        events = settle(ledger, review)
        before, ledger = ledger, told(ledger, events)
        assert settle(ledger, review) == ()
        assert before.entries.keys() <= ledger.entries.keys()
        shown = {
            one.finding.fingerprint
            for one in review.judged
            if one.finding.fingerprint in review.comments
        }
        assert shown <= ledger.entries.keys()
        opened = [e.subject for e in events if isinstance(e, schema.FindingTracked)]
        assert len(opened) == len(set(opened))
        for name in opened:
            assert name not in before.entries or before.entries[name].state in GONE
        word = words[at] if at < len(words) else None
        open_ones = [one for one in ledger.entries.values() if one.state == "posted"]
        if word is not None and open_ones:
            word_said = moved(word, open_ones[0], actor="ann", reason="so")
            ledger = told(ledger, [word_said])


@given(REVIEWS, WORDS)
def test_what_is_closed_is_never_left(
    reviews: list[Seen], word: type[schema.FindingMove] | None
) -> None:
    """A person's last word holds; what is gone can only begin another life."""
    ledger = EMPTY
    for review in reviews:
        before, ledger = ledger, told(ledger, settle(ledger, review))
        for name, was in before.entries.items():
            now = ledger.entries[name]
            if was.state in SETTLED:
                assert (now.state, now.life) == (was.state, was.life)
            if was.state in GONE and now.state != was.state:
                assert now.life == was.life + 1
        one = next((e for e in ledger.entries.values() if e.state == "posted"), None)
        if word is not None and one is not None:
            ledger = told(ledger, [moved(word, one, actor="ann", reason="so")])


@given(REVIEWS)
def test_nothing_unread_is_addressed(reviews: list[Seen]) -> None:
    """Nobody knows whether what was not read is mended."""
    ledger = EMPTY
    for review in reviews:
        events = settle(ledger, review)
        addressed = [e for e in events if isinstance(e, schema.FindingAddressed)]
        assert not (review.unread and addressed)
        ledger = told(ledger, events)


@given(REVIEWS)
def test_what_blocks_is_what_is_new_or_open(reviews: list[Seen]) -> None:
    """Nothing counts twice, and nothing that somebody settled counts at all."""
    ledger = EMPTY
    for review in reviews:
        foretold = foreseen(ledger, review)
        ledger = told(ledger, settle(ledger, review))
        now = standing(ledger, review.judged, review.run_id)
        assert foretold.open == now.open
        findings = [
            one.finding for one in review.judged if one.fate is not Fate.FILTERED
        ]
        names = [one.fingerprint for one in blocking(findings, now)]
        assert len(names) == len(set(names))
        assert set(names) <= {one.fingerprint for one in findings} | {
            name for name, one in ledger.entries.items() if one.is_open
        }


def test_a_changed_line_is_addressed() -> None:
    """It was read, and is not found any more."""
    ledger = after(seen(["risk a"]), seen(["safe"]))
    assert only(ledger).state == "addressed"


def test_an_unchanged_line_that_is_not_repeated_stays_open() -> None:
    """A model need not say the same thing twice."""
    entry = only(after(seen(["risk a"]), seen(["# above", "  risk a  "], [])))
    assert entry.state == "posted"
    assert "as it was" in entry.note


def test_a_note_goes_when_the_finding_is_repeated() -> None:
    """Then there is nothing to explain, and its line is the one of now."""
    ledger = after(seen(["risk a"]), seen(["risk a"], []), seen(["", "risk a"]))
    entry = only(ledger)
    assert (entry.note, entry.finding.line) == ("", 2)


def test_of_two_equal_lines_one_is_mended() -> None:
    """The one that is left takes the first one's name, and the other is addressed."""
    ledger = after(
        seen(["risk a", "x = 1", "risk a"]), seen(["safe", "x = 1", "risk a"])
    )
    assert sorted(one.state for one in ledger.entries.values()) == [
        "addressed",
        "posted",
    ]


def test_a_file_that_left_the_change_takes_its_findings_along() -> None:
    """They are about no part of it."""
    gone = replace(seen(["x"], run="run_2"), diff=diff_of(["y"], "b.py"))
    assert only(after(seen(["risk a"]), gone)).state == "outdated"


@pytest.mark.parametrize(("outdated", "state"), [(True, "outdated"), (False, "posted")])
def test_unread_code_is_outdated_only_when_github_says_so(
    outdated: bool,  # noqa: FBT001  # a parameter of the test
    state: str,
) -> None:
    """Otherwise it stays open, for nobody has looked."""
    first = after(seen(["risk a"]))
    comment = only(first).comment_id or 0
    again = seen(["safe"], unread=True, outdated=[comment] if outdated else [])
    assert only(told(first, settle(first, again))).state == state


def test_a_models_finding_waits_for_a_model() -> None:
    """Rules alone cannot say that it is mended."""
    entry = only(after(seen(["risk a"], model="gpt"), seen(["safe"])))
    assert entry.state == "posted"
    assert "no" in entry.note
    again = after(seen(["risk a"], model="gpt"), seen(["safe"], model="gpt"))
    assert only(again).state == "addressed"


def test_what_a_review_puts_aside_stays_open_and_stops_nothing() -> None:
    """The thresholds are higher by now: its comment stands all the same."""
    review = seen(["risk a"], least=0.9, run="run_2")
    ledger = after(seen(["risk a"]), review)
    assert only(ledger).state == "posted"
    assert "confidence" in only(ledger).note
    assert blocking([], standing(ledger, review.judged, "run_2")) == ()


@pytest.mark.parametrize("kind", [schema.FindingDismissed, schema.FindingWaived])
def test_what_people_settled_stays_so_and_stops_nothing(
    kind: type[schema.FindingMove],
) -> None:
    """Also when it is found again."""
    first = said(after(seen(["risk a"])), kind)
    review = seen(["risk a"], run="run_2")
    ledger = told(first, settle(first, review))
    assert only(ledger).state in SETTLED
    findings = [one.finding for one in review.judged]
    assert blocking(findings, standing(ledger, review.judged, "run_2")) == ()


def test_what_was_waived_in_a_run_still_stands_for_it() -> None:
    """Its gate failed and was overruled; later runs go on without it."""
    review = seen(["risk a"])
    first = after(review)
    waived = moved(
        schema.FindingWaived, only(first), actor="ann", reason="so", run_id="run_1"
    )
    ledger = told(first, [waived])
    findings = [one.finding for one in review.judged]
    assert blocking(findings, standing(ledger, review.judged, "run_1")) != ()
    assert blocking(findings, standing(ledger, review.judged, "run_2")) == ()


def test_a_disputed_finding_stops_until_somebody_decides() -> None:
    """Its author says that it is wrong; that alone opens no gate."""
    disputed = said(after(seen(["risk a"])), schema.FindingDisputed)
    nothing = seen(["risk a"], [], run="run_2")
    ledger = told(disputed, settle(disputed, nothing))
    assert len(blocking([], standing(ledger, nothing.judged, "run_2"))) == 1
    resolved = said(ledger, schema.FindingAddressed)
    assert blocking([], standing(resolved, nothing.judged, "run_2")) == ()


@pytest.mark.parametrize("state", CLOSED)
def test_nobody_moves_what_is_closed(state: str) -> None:
    """The table has no row for it."""
    entry = replace(only(after(seen(["risk a"]))), state=state)
    for kind in (schema.FindingDismissed, schema.FindingDisputed):
        with pytest.raises(IllegalTransitionError):
            moved(kind, entry, actor="ann")


def test_thumbs_are_noted_once() -> None:
    """Under the comment as it is when the next review is published."""
    first = after(seen(["risk a"]))
    comment = only(first).comment_id or 0
    again = replace(seen(["risk a"]), remarks={comment: Remark(up=2, down=1)})
    ledger = told(first, settle(first, again))
    assert (only(ledger).up, only(ledger).down) == (2, 1)
    assert settle(ledger, again) == ()


def test_open_and_closed_are_all_that_the_ledger_knows() -> None:
    """No state is both, and none is missing."""
    assert set(OPEN) & set(CLOSED) == set()
    assert len({*OPEN, *CLOSED}) == 7


def test_copies_are_whole_lines_wherever_they_stand() -> None:
    """White space around them does not count; a part of a line is none."""
    diff = diff_of(["if x:", "    y = 1", "y = 1 + 2", "y =  1"])
    assert copies("y = 1", "a.py", Side.RIGHT, diff) == 2
    assert copies("", "a.py", Side.RIGHT, diff) == 0


def test_unread_hunks_name_their_files() -> None:
    """And what the diff lacks is unread as well."""
    diff = diff_of(["x"])
    assert unread_paths(diff, ["a.py:0", "b.py:3"], ["c.py"]) == {"a.py", "c.py"}


@given(st.lists(st.text("0123456789abcdef", min_size=32, max_size=32), unique=True))
def test_short_names_are_nobody_elses(names: list[str]) -> None:
    """Eight digits, and more only where two would be the same."""
    for one in names:
        short = short_name(one, names)
        assert [other for other in names if other.startswith(short)] == [one]
        assert len(short) >= 8
