"""Two states that came from one become one again, and a person settles the rest."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.checkpoints.conflicts import Conflict, Kind
from core.checkpoints.json_values import ABSENT, MOST_LEVELS
from core.checkpoints.merge import Merged, merge
from core.errors import StateNotJsonError, StateTooDeepError
from core.events.base import JSON
from tests.fakes.merge_states import RULES


def only(merged: Merged) -> Conflict:
    """Return the one conflict there is."""
    (conflict,) = merged.conflicts
    return conflict


def nested(levels: int, leaf: Any) -> JSON:
    """Return `levels` objects, each in the one before, and a leaf in the last."""
    state: JSON = {"leaf": leaf}
    for _ in range(levels - 1):
        state = {"in": state}
    return state


def placed(state: JSON) -> Iterator[tuple[JSON, JSON, JSON]]:
    """Put a state on each side in turn, with empty ones on the others."""
    yield state, {}, {}
    yield {}, state, {}
    yield {}, {}, state


def test_changes_in_different_places_are_taken_together() -> None:
    """Objects merge key by key, at every depth."""
    base = {"a": {"x": 1, "y": 1, "z": 1}, "b": 1}
    ours = {"a": {"x": 2, "y": 1, "z": 1}, "b": 1, "new": [1]}
    theirs = {"a": {"x": 1, "y": 2}, "b": 1}
    merged = merge(base, ours, theirs)
    assert merged.state == {"a": {"x": 2, "y": 2}, "b": 1, "new": [1]}
    assert merged.conflicts == ()


def test_artifacts_merge_by_path_on_their_digests() -> None:
    """A map of digests is an object like any other; a digest is taken as a whole."""
    one, two, three = (f"sha256:{digit * 64}" for digit in "123")
    base = {"diff_blob": one, "files": {"a.py": one, "b.py": one}}
    ours = {"diff_blob": two, "files": {"a.py": two, "b.py": one}}
    theirs = {"diff_blob": one, "files": {"a.py": three, "b.py": three}}
    merged = merge(base, ours, theirs)
    assert merged.state["diff_blob"] == two
    assert merged.state["files"]["b.py"] == three
    assert only(merged).path == "/files/a.py"
    assert only(merged).sides == (one, two, three)


@pytest.mark.parametrize(
    ("kind", "base", "ours", "theirs"),
    [
        (Kind.MODIFY_MODIFY, 1, 2, 3),
        (Kind.MODIFY_MODIFY, 1, 1.0, 2),
        (Kind.MODIFY_MODIFY, "1", 1, 1.0),
        (Kind.MODIFY_MODIFY, None, {"cost": 1}, {"cost": 2}),
        (Kind.MODIFY_MODIFY, [1], [1, 2], [1, 3]),
        (Kind.ADD_ADD, ABSENT, 1, 2),
        (Kind.ADD_ADD, ABSENT, 1, "1"),
        (Kind.DELETE_MODIFY, 1, ABSENT, 2),
        (Kind.DELETE_MODIFY, 1, None, ABSENT),
        (Kind.DELETE_MODIFY, {"x": 1}, {"x": 2}, ABSENT),
        (Kind.TYPE, 1, "1", True),
        (Kind.TYPE, 0, 1, True),
        (Kind.TYPE, {"x": 1}, {"x": 2}, [1]),
        (Kind.TYPE, 1, None, 2),
    ],
)
def test_each_way_to_disagree_has_its_name(
    kind: Kind, base: Any, ours: Any, theirs: Any
) -> None:
    """A conflict says how the sides differ, and where, with all three values."""
    sides = (base, ours, theirs)
    base_state, our_state, their_state = (
        {} if side is ABSENT else {"a/b": side} for side in sides
    )
    merged = merge(base_state, our_state, their_state)
    conflict = only(merged)
    assert (conflict.path, conflict.kind) == ("/a~1b", kind)
    assert [repr(side) for side in conflict.sides] == [repr(side) for side in sides]
    kept = theirs if ours is ABSENT else ours
    assert merged.state == {"a/b": kept}


def test_one_and_one_point_nought_and_true_are_three_values() -> None:
    """A change that Python's comparison does not see is a change all the same."""
    assert repr(merge({"a": 1}, {"a": 1.0}, {"a": 1}).state) == "{'a': 1.0}"
    assert repr(merge({"a": 1}, {"a": 1}, {"a": True}).state) == "{'a': True}"
    assert repr(merge({"a": 0.0}, {"a": -0.0}, {"a": 0.0}).state) == "{'a': -0.0}"
    assert merge({"a": 1}, {"a": 1.0}, {"a": True}).conflicts


def test_null_and_absence_are_two_things_also_in_json() -> None:
    """A side that holds null has the field; one that holds nothing has not."""
    stored = only(merge({"a": 1}, {"a": None}, {})).to_json()
    assert stored["base"] == 1
    assert stored["ours"] is None
    assert "theirs" not in stored
    assert stored["suggestion"] is None
    assert Conflict.from_json(stored).theirs is ABSENT


def test_objects_that_both_sides_added_merge_inside() -> None:
    """Only what differs in them is asked about."""
    merged = merge({}, {"a": {"x": 1, "y": 1}}, {"a": {"x": 2, "z": 1}})
    assert only(merged).path == "/a/x"
    assert merged.state == {"a": {"x": 1, "y": 1, "z": 1}}


def test_an_id_names_the_disagreement_and_not_the_merge() -> None:
    """The same values at the same place have one id; any other value another."""
    first = only(merge({"a": 1}, {"a": 2}, {"a": 3}))
    beside = only(merge({"a": 1, "b": 1}, {"a": 2, "b": 9}, {"a": 3, "b": 1}))
    assert first.id == beside.id == "64c43ed16545390e"
    others = [
        merge({"a": 1}, {"a": 2.0}, {"a": 3}),
        merge({"a": 1}, {"a": 3}, {"a": 2}),
        merge({"b": 1}, {"b": 2}, {"b": 3}),
        merge({}, {"a": 2}, {"a": 3}),
        merge({"a": 1}, {"a": 2}, {}),
        merge({"a": 1}, {"a": 2}, {"a": None}),
    ]
    assert len({first.id, *(only(one).id for one in others)}) == 7


def test_lists_that_are_not_declared_are_taken_as_a_whole() -> None:
    """Two changes of one list are a conflict, even at different items."""
    merged = merge({"a": [1, 2]}, {"a": [0, 1, 2]}, {"a": [1, 2, 3]}, RULES)
    assert only(merged).sides == ([1, 2], [0, 1, 2], [1, 2, 3])


def test_declared_texts_merge_by_line() -> None:
    """Changes of different lines are no conflict; of one line they are."""
    base = {"text": "one\ntwo\nthree\n"}
    ours = {"text": "ONE\ntwo\nthree\n"}
    theirs = {"text": "one\ntwo\nthree\nfour\n"}
    assert merge(base, ours, theirs, RULES).state == {"text": "ONE\ntwo\nthree\nfour\n"}
    assert only(merge(base, ours, theirs)).path == "/text"
    clash = only(merge(base, ours, {"text": "1\ntwo\nthree\n"}, RULES))
    assert clash.kind is Kind.MODIFY_MODIFY
    assert clash.suggestion == ours["text"]


def test_texts_that_both_sides_began_are_taken_as_a_whole() -> None:
    """Without a base there are no lines to count from."""
    merged = merge({}, {"text": "a\nb"}, {"text": "a\nc"}, RULES)
    assert only(merged).kind is Kind.ADD_ADD


def test_states_as_deep_as_can_be_stored_are_merged() -> None:
    """A hundred levels are merged inside; the conflict stands in the last."""
    base, ours, theirs = (nested(MOST_LEVELS - 1, leaf) for leaf in (1, 2, 3))
    conflict = only(merge(base, ours, theirs))
    assert conflict.path == "/in" * (MOST_LEVELS - 2) + "/leaf"


@pytest.mark.parametrize("levels", [MOST_LEVELS, 1_000, 100_000])
def test_deeper_states_are_refused_by_name(levels: int) -> None:
    """A state without bottom is an error of the input, on whichever side it stands."""
    deep = nested(levels, 1)
    for states in placed(deep):
        with pytest.raises(StateTooDeepError, match="more than 100 levels"):
            merge(*states)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "nan is not a number"),
        (float("-inf"), "-inf is not a number"),
        (2**53, "past 2\\^53"),
        ((1, 2), "tuple is not a JSON type"),
        ("\ud800", "half a character"),
        ({"\udfff": 1}, "half a character"),
        ({1: 2}, "the name 1 is not a string"),
        (b"x", "bytes is not a JSON type"),
    ],
)
def test_what_no_checkpoint_can_hold_is_refused(value: Any, reason: str) -> None:
    """Each side is checked before anything is compared."""
    for states in placed({"a": [value]}):
        with pytest.raises(StateNotJsonError, match=reason):
            merge(*states)
