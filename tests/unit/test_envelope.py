"""An event on the wire, what it is about, and who asks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feed.about import AsRun, told_by
from core.feed.envelope import Envelope, encoded, envelope, source_of
from core.feed.page import FeedEntry
from core.feed.query import ALL, EventFilter
from core.feed.subject import NOBODY, About
from core.feed.words import LONGEST, words_in, words_of

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ENTRY = FeedEntry(
    position=123,
    id="run/run_1:5.0",
    type="step.finished",
    time=NOON,
    stream="run/run_1",
    data={"subject": "analyze", "error": "Ran out of café\u2028", "seconds": 1.5},
    about=About("Octo/hello", 7),
)


def test_an_event_says_where_it_stands_and_what_it_is_about() -> None:
    """The attributes are CloudEvents', with the place in the feed and the run."""
    shown = envelope(ENTRY)

    assert (shown.source, shown.subject) == ("/runs/run_1", "Octo/hello#7")
    assert (shown.position, shown.seq, shown.run_id) == (123, 5, "run_1")
    assert shown.dataschema == "/events/schema#/$defs/StepFinished"
    assert shown.data == ENTRY.data


def test_it_is_one_line_of_ascii_that_reads_back() -> None:
    """Line separators inside of text would break a frame of a stream."""
    line = encoded(ENTRY)

    assert line.isascii()
    assert line.count(b"\n") == 0
    assert Envelope.model_validate_json(line) == envelope(ENTRY)


def test_a_type_that_nobody_knows_is_passed_on() -> None:
    """It has no description, and all the rest."""
    shown = envelope(replace(ENTRY, type="moon.risen"))

    assert (shown.type, shown.dataschema) == ("moon.risen", None)
    assert shown.data == ENTRY.data


@pytest.mark.parametrize(
    ("stream", "source"),
    [
        ("run/run_1", "/runs/run_1"),
        ("pull/octo/hello#7", "/pulls/octo/hello/7"),
        ("merge/mrg_1", "/merges/mrg_1"),
        ("moon/a b#c", "/moon/a%20b%23c"),
    ],
)
def test_a_stream_is_told_as_an_address(stream: str, source: str) -> None:
    """What is no plain character is escaped."""
    assert source_of(stream) == source


@pytest.mark.parametrize(
    ("stream", "data", "told"),
    [
        ("pull/octo/he.llo#7", {}, About("octo/he.llo", 7)),
        ("run/r", {"repository": "octo/hello", "pull": 7}, About("octo/hello", 7)),
        ("delivery/d", {"repository": "octo/hello"}, About("octo/hello")),
        ("merge/m", {"ours": {"run_id": "run_1"}}, AsRun("run_1")),
        ("writer/w", {"writer": "w"}, NOBODY),
        ("moon/m", {"repository": 3, "ours": "x"}, NOBODY),
    ],
)
def test_the_first_commit_tells_whom_a_stream_is_about(
    stream: str, data: dict[str, Any], told: About | AsRun
) -> None:
    """Nothing else has to name the repository again."""
    assert told_by(stream, [{"type": "some.thing", "data": data}]) == told


@pytest.mark.parametrize(
    "wanted",
    [
        ALL,
        EventFilter(types=("step.*",)),
        EventFilter(types=("run.created", "step.finished")),
        EventFilter(run_id="run_1"),
        EventFilter(repository="octo/HELLO"),
        EventFilter(repository="octo/hello", pull=7),
        EventFilter(since=NOON, until=NOON + timedelta(seconds=1)),
        EventFilter(words=words_of("CAFÉ ran analyze step")),
        EventFilter(repositories=("octo/*",)),
    ],
)
def test_what_is_asked_for_is_found(wanted: EventFilter) -> None:
    """Each way of asking for the same event finds it."""
    assert wanted.matches(ENTRY)


@pytest.mark.parametrize(
    "wanted",
    [
        EventFilter(types=("ste.*",)),
        EventFilter(types=("step",)),
        EventFilter(types=("step.finish",)),
        EventFilter(run_id="run_2"),
        EventFilter(repository="octo/hell"),
        EventFilter(pull=8),
        EventFilter(since=NOON + timedelta(milliseconds=1)),
        EventFilter(until=NOON),
        EventFilter(words=words_of("café closed")),
        EventFilter(words=words_of("error")),
        EventFilter(repositories=("other/*", "octo/goodbye")),
    ],
)
def test_what_is_not_asked_for_is_left_out(wanted: EventFilter) -> None:
    """Names of fields are no words, and no part of a name is the name."""
    assert not wanted.matches(ENTRY)


def test_events_about_no_repository_are_for_those_who_see_everything() -> None:
    """A token of one repository learns nothing about the machine."""
    entry = replace(ENTRY, about=NOBODY)

    assert ALL.matches(entry)
    assert not EventFilter(repositories=("octo/*", "*/*")).matches(entry)


def test_filters_that_ask_for_the_same_are_one() -> None:
    """So listeners who ask for the same can share what was prepared."""
    one = EventFilter(types=("run.*",), words=words_of("b a"))
    other = EventFilter(types=("run.*",), words=words_of("A B"))

    assert len({one, other}) == 1
    assert not one.wants_everything
    assert EventFilter().wants_everything


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_text_is_found_by_each_of_its_own_words(before: str, text: str) -> None:
    """Whatever it is written in, and wherever in the data it stands."""
    data = {"a": [{"b": before}], "c": {"d": text, "e": 1, "f": None}}

    assert words_of(text) <= words_in("run.created", data)
    assert all(1 <= len(word) <= LONGEST for word in words_of(text))
