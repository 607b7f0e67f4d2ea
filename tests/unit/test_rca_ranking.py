"""Which cause stands first: the surer, of equals the earlier, what explains before."""

from datetime import timedelta
from typing import Any

import pytest

from core.events.schema import read
from core.rca.cause import Cause, Confidence
from core.rca.event_words import words_of
from core.rca.ranking import ranked
from core.rca.words import counted, lasting, listed, times
from tests.fakes.clock import NOON
from tests.fakes.rca_any import STORED


def cause(name: str, sure: str, after: float = 0, *explains: str) -> Cause:
    """Return a cause that began so many seconds after noon."""
    return Cause(
        name=name,
        sentence=f"{name}.",
        confidence=Confidence(sure),
        next_action="Look.",
        evidence=(),
        began_at=NOON + timedelta(seconds=after),
        explains=frozenset(explains),
    )


def order(*causes: Cause) -> list[str]:
    """Return the names in their order, which is the same however they were found."""
    names = [one.name for one in ranked(causes)]
    assert [one.name for one in ranked(reversed(causes))] == names
    return names


def test_the_surer_comes_first() -> None:
    """However late it began."""
    assert order(cause("a", "possible"), cause("b", "likely", 9)) == ["b", "a"]


def test_of_equals_the_earlier_comes_first() -> None:
    """A symptom is later than its cause."""
    assert order(cause("a", "certain", 5), cause("b", "certain", 1)) == ["b", "a"]


def test_what_another_explains_goes_behind_it() -> None:
    """Also what is surer, and what began earlier."""
    shown = order(cause("a", "certain", 0), cause("b", "likely", 5, "a"))
    assert shown == ["b", "a"]


def test_a_mere_possibility_explains_nothing_that_is_surer() -> None:
    """Else any retry would stand before the refusal that ended the run."""
    shown = order(cause("a", "certain", 5), cause("b", "possible", 0, "a"))
    assert shown == ["a", "b"]


def test_causes_that_explain_each_other_stand_all_the_same() -> None:
    """No ring of them is lost."""
    shown = order(cause("a", "likely", 0, "b"), cause("b", "likely", 1, "a"))
    assert shown == ["a", "b"]


def test_context_stands_first_only_alone() -> None:
    """An earlier run with the same error is no cause of this one."""
    context = cause("seen_before", "certain")
    assert order(context, cause("a", "possible", 9)) == ["a", "seen_before"]
    assert order(context) == ["seen_before"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.8504, "850 ms"), (12.5, "12.5 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_spans_are_told_as_people_say_them(seconds: float, words: str) -> None:
    """In two units at most."""
    assert lasting(seconds) == words
    assert lasting(timedelta(seconds=seconds)) == words


def test_numbers_are_told_with_their_nouns() -> None:
    """One is one, and a long list is counted."""
    assert (counted(1, "run"), counted(3, "run")) == ("1 run", "3 runs")
    assert (times(1), times(2), times(5)) == ("once", "twice", "5 times")
    assert listed(["a", "b", "b", "c", "d", "e"]) == "a, b, c and 2 more"


@pytest.mark.parametrize("stored", STORED, ids=lambda one: str(one["type"]))
def test_every_event_has_a_line(stored: dict[str, Any]) -> None:
    """Of one line, without what a terminal or a page would act on."""
    words = words_of(read(stored))
    assert words
    assert "\n" not in words
