"""A merge is finished when each of its conflicts is settled, and not before."""

from typing import Any

import pytest

from core.checkpoints.merge import Merged, merge
from core.checkpoints.resolutions import Choice, check_choices, resolve, unresolved
from core.errors import (
    ConflictError,
    InputError,
    StateNotJsonError,
    StateTooDeepError,
    UnknownChoiceError,
    UnknownConflictError,
    UnresolvedConflictsError,
)
from tests.fakes.merge_states import RULES

BASE = {"a": 1, "b": {"c": 1, "d": 1}, "pairs": [["x", 1], ["y", 1], ["z", 1]]}
OURS = {"a": 2, "b": {"c": 2, "d": 1}, "pairs": [["z", 2], ["n", 2]]}
THEIRS = {"b": {"c": 3, "d": 3}, "pairs": [["x", 3], ["y", 1], ["z", 3], ["n", 3]]}


@pytest.fixture
def merged() -> Merged:
    """Give a merge with conflicts in objects and in a keyed list."""
    return merge(BASE, OURS, THEIRS, RULES)


def settled(merged: Merged, **choices: Choice) -> Any:
    """Choose by the conflict's path, `rest` for all others."""
    by_path = {one.path.replace("/", "_"): one.id for one in merged.conflicts}
    rest = choices.pop("rest")
    chosen = dict.fromkeys(by_path.values(), rest)
    return resolve(
        merged, chosen | {by_path[path]: choice for path, choice in choices.items()}
    )


def test_the_conflicts_are_those_of_the_example(merged: Merged) -> None:
    """The tests below choose among these."""
    paths = [conflict.path for conflict in merged.conflicts]
    assert paths == ["/a", "/b/c", "/pairs/0", "/pairs/1/1", "/pairs/2"]


@pytest.mark.parametrize(
    ("choice", "state"),
    [
        ("ours", {"a": 2, "b": {"c": 2, "d": 3}, "pairs": [["z", 2], ["n", 2]]}),
        (
            "theirs",
            {"b": {"c": 3, "d": 3}, "pairs": [["x", 3], ["z", 3], ["n", 3]]},
        ),
        ("base", {"a": 1, "b": {"c": 1, "d": 3}, "pairs": [["x", 1], ["z", 1]]}),
        (
            "suggestion",
            {
                "a": 2,
                "b": {"c": 2, "d": 3},
                "pairs": [["x", 3], ["z", 2], ["n", 2]],
            },
        ),
        ({"value": None}, {"a": None, "b": {"c": None, "d": 3}}),
    ],
)
def test_one_choice_for_all(merged: Merged, choice: Choice, state: Any) -> None:
    """A side that holds nothing takes the place away, in a list too."""
    state.setdefault("pairs", [None, ["z", None], None])
    assert settled(merged, rest=choice) == state


def test_a_choice_for_each(merged: Merged) -> None:
    """Choices do not disturb each other, though one takes an item out of a list."""
    state = settled(merged, _a="theirs", _pairs_0="ours", _b_c="base", rest="theirs")
    assert state == {"b": {"c": 1, "d": 3}, "pairs": [["z", 3], ["n", 3]]}


def test_a_merge_without_conflicts_needs_no_choice() -> None:
    """Its state is the result."""
    merged = merge({"a": 1}, {"a": 2}, {"a": 1, "b": 1})
    assert resolve(merged, {}) == {"a": 2, "b": 1}


def test_open_conflicts_are_named(merged: Merged) -> None:
    """What is still to be chosen stands in the error, by id and path."""
    first, *others = merged.conflicts
    with pytest.raises(UnresolvedConflictsError) as raised:
        resolve(merged, {first.id: "ours"})
    assert isinstance(raised.value, ConflictError)
    assert raised.value.facts["count"] == 4
    assert first.id not in str(raised.value)
    for conflict in others:
        assert f"{conflict.id} at {conflict.path}" in str(raised.value)
    assert unresolved(merged.conflicts, {first.id: "ours"}) == tuple(others)


def test_a_choice_for_no_conflict_is_refused(merged: Merged) -> None:
    """An id of another merge is told apart from an open conflict."""
    choices: dict[str, Choice] = {one.id: "ours" for one in merged.conflicts}
    with pytest.raises(UnknownConflictError, match="no conflict feed"):
        resolve(merged, {**choices, "feed": "ours"})
    with pytest.raises(UnknownConflictError):
        check_choices(merged.conflicts, {"feed": "ours"})
    check_choices(merged.conflicts, {merged.conflicts[0].id: "ours"})


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ("mine", UnknownChoiceError),
        ("id", UnknownChoiceError),
        ({}, UnknownChoiceError),
        ({"value": 1, "ours": 2}, UnknownChoiceError),
        ({"value": float("nan")}, StateNotJsonError),
    ],
)
def test_what_is_no_choice_is_refused(
    merged: Merged, choice: Choice, error: type[InputError]
) -> None:
    """The error says what can be chosen."""
    conflict = merged.conflicts[0]
    with pytest.raises(error) as raised:
        check_choices(merged.conflicts, {conflict.id: choice})
    assert raised.value.way_out
    if error is UnknownChoiceError:
        assert conflict.id in str(raised.value)
        assert '{"value": …}' in raised.value.way_out


def test_a_value_that_makes_the_state_too_deep_is_refused(merged: Merged) -> None:
    """The value alone would do, but not where it is to stand."""
    value: Any = 1
    for _ in range(98):
        value = [value]
    assert settled(merged, _a={"value": value}, rest="ours")["a"] == value
    with pytest.raises(StateTooDeepError):
        settled(merged, _b_c={"value": value}, rest="ours")
