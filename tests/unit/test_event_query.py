"""A query for events is read into a filter, or refused by the name of its field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.api.event_query import EventQuery, StoryQuery
from bot.api.question import OWNER
from bot.api.requests import validated
from core.errors import RequestInvalidError
from core.feed.query import ALL, EventFilter

RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


def test_every_part_of_a_query_narrows() -> None:
    """Types are listed with commas, a noun stands for all of its types."""
    query = validated(
        EventQuery,
        {
            "type": "step.finished,run.*",
            "run_id": RUN,
            "repo": "Octo/hello",
            "pull": "7",
            "since": "2026-01-05T12:00:00Z",
            "until": "2026-01-05T14:00:00+01:00",
            "q": "Out of, out of MEMORY!",
        },
        "query",
    )

    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert query.wanted(OWNER) == EventFilter(
        types=("run.*", "step.finished"),
        run_id=RUN,
        repository="Octo/hello",
        pull=7,
        since=noon,
        until=noon.replace(hour=13),
        words=frozenset({"out", "of", "memory"}),
    )


def test_an_empty_query_narrows_nothing() -> None:
    """Whoever sees everything gets everything."""
    assert EventQuery().wanted(OWNER) == ALL
    assert StoryQuery().filter(OWNER, run_id=RUN) == EventFilter(run_id=RUN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "run.flown"),
        ("type", "moon.*"),
        ("type", "run"),
        ("type", "Run.*"),
        ("type", "*"),
        ("type", ""),
        ("type", "run.*,"),
        ("type", "run.*, step.*"),
        ("type", "run.*," * 200 + "run.*"),
        ("run_id", "run_1"),
        ("repo", "hello"),
        ("pull", "seven"),
        ("pull", "-1"),
        ("pull", "7"),
        ("since", "yesterday"),
        ("since", "2026-01-05T12:00:00"),
        ("until", "2026-02-30T12:00:00Z"),
        ("q", ""),
        ("q", "?!"),
        ("q", "a " * 5000),
        ("color", "red"),
    ],
)
def test_what_does_not_fit_is_named(name: str, value: str) -> None:
    """A pull request needs its repository beside it; a search needs a word."""
    with pytest.raises(RequestInvalidError) as refused:
        validated(EventQuery, {name: value}, "query")

    problems: Any = refused.value.facts["errors"]
    assert [one.pointer for one in problems] == [f"/{name}"]


@pytest.mark.parametrize("wrong", ["run", "Run.*", "moon.*", "run.flown"])
def test_a_type_that_there_is_not_is_named(wrong: str) -> None:
    """That tells more than the pattern that it should have matched."""
    with pytest.raises(RequestInvalidError, match="there is no type") as refused:
        validated(EventQuery, {"type": f"run.*,{wrong}"}, "query")

    assert f"there is no type {wrong}" in str(refused.value)
