"""The laws of merging: nothing is lost silently, whatever the states hold."""

import copy
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.checkpoints.conflicts import Conflict, Kind, mirror
from core.checkpoints.json_values import ABSENT, same, text_of
from core.checkpoints.merge import Merged, merge
from core.checkpoints.pointers import pointer, tokens_of
from core.checkpoints.resolutions import resolve
from core.events.base import JSON
from tests.fakes.merge_states import RULES, States, objects, states, three, values

OBJECT = "an object stands here"
CLASH = "both changed it, differently"


def at(state: Any, path: str) -> Any:
    """Return what stands at a pointer, or ABSENT."""
    for token in tokens_of(path):
        if isinstance(state, list):
            state = state[int(token)] if int(token) < len(state) else ABSENT
        else:
            state = state.get(token, ABSENT) if isinstance(state, dict) else ABSENT
    return state


def places(value: Any, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return each object, and each value that is none, by its pointer."""
    if not isinstance(value, dict):
        return {pointer(path): value}
    found: dict[str, Any] = {pointer(path): OBJECT}
    for key, inner in value.items():
        found |= places(inner, (*path, key))
    return found


def expected(base: Any, ours: Any, theirs: Any) -> Any:
    """Return what the three-way rule makes of one place."""
    if same(ours, base):
        return theirs
    return ours if same(theirs, base) or same(ours, theirs) else CLASH


def around(path: str, merged: Merged) -> list[str]:
    """Return the conflicts that are at `path` or around it."""
    paths = (conflict.path for conflict in merged.conflicts)
    return [one for one in paths if f"{path}/".startswith(f"{one}/")]


def is_clean(merged: Merged, state: JSON) -> bool:
    """Tell whether the merge came to `state` without a question."""
    return not merged.conflicts and same(merged.state, state)


def comparable(conflict: Conflict) -> Conflict:
    """Leave out the suggestion for an order, in which ours goes first."""
    if conflict.kind is Kind.ORDER:
        return replace(conflict, suggestion=None)
    return conflict


@given(states(), states())
def test_what_one_side_changed_is_the_result(base: JSON, changed: JSON) -> None:
    """A side that changed nothing has no say, and two equal sides agree."""
    assert is_clean(merge(base, changed, base, RULES), changed)
    assert is_clean(merge(base, base, changed, RULES), changed)
    assert is_clean(merge(base, changed, copy.deepcopy(changed), RULES), changed)


@given(three(states()))
def test_swapping_the_sides_mirrors_the_conflicts(drawn: States) -> None:
    """Ours and theirs are only names: no side is favoured where nobody is asked."""
    base, ours, theirs = drawn
    one, other = merge(base, ours, theirs, RULES), merge(base, theirs, ours, RULES)
    mirrored = [comparable(mirror(conflict)) for conflict in one.conflicts]
    assert mirrored == [comparable(conflict) for conflict in other.conflicts]
    assert [mirror(mirror(one)).id for one in one.conflicts] == [
        one.id for one in one.conflicts
    ]
    assert one.conflicts or same(one.state, other.state)


@given(three(objects()))
def test_nothing_is_lost_silently(drawn: States) -> None:
    """Each place holds what the three-way rule says, or a conflict shows all sides."""
    base, ours, theirs = drawn
    merged = merge(base, ours, theirs)
    maps = [places(state) for state in (base, ours, theirs, merged.state)]
    for path in {path for one in maps for path in one}:
        *sides, result = (one.get(path, ABSENT) for one in maps)
        if not around(path, merged):
            assert same(expected(*sides), result)


@given(three(states()))
def test_a_conflict_shows_what_each_side_holds_and_no_two_overlap(
    drawn: States,
) -> None:
    """All three sides differ in a conflict, and its suggestion stands in the state."""
    merged = merge(*drawn, RULES)
    paths = [conflict.path for conflict in merged.conflicts]
    assert paths == sorted(set(paths))
    for conflict in merged.conflicts:
        assert around(conflict.path, merged) == [conflict.path]
        assert same(at(merged.state, conflict.path), conflict.suggestion)
        assert conflict.suggestion is not ABSENT
        base, ours, theirs = conflict.sides
        assert not same(base, ours)
        assert not same(base, theirs)
        assert not same(ours, theirs)


@given(three(objects()), st.sampled_from(["base", "ours", "theirs"]))
def test_a_resolved_place_holds_the_side_that_was_chosen(
    drawn: States, side: str
) -> None:
    """Choosing a side everywhere puts its value, or its absence, at each place."""
    merged = merge(*drawn)
    choices = {conflict.id: side for conflict in merged.conflicts}
    state = resolve(merged, choices)
    for conflict in merged.conflicts:
        assert same(at(state, conflict.path), getattr(conflict, side))
    for path, value in places(merged.state).items():
        assert around(path, merged) or same(at(state, path), value) or value == OBJECT


@given(three(states()))
def test_a_merge_changes_no_input_and_comes_out_the_same_again(drawn: States) -> None:
    """The same three states give the same conflicts, with the same ids."""
    before = text_of(drawn)
    merged = merge(*drawn, RULES)
    again = merge(*copy.deepcopy(drawn), RULES)
    resolve(merged, {one.id: "theirs" for one in merged.conflicts})
    assert text_of(drawn) == before
    assert text_of(again.state) == text_of(merged.state)
    assert [one.to_json() for one in again.conflicts] == [
        one.to_json() for one in merged.conflicts
    ]
    assert len({one.id for one in merged.conflicts}) == len(merged.conflicts)


@given(three(states()))
def test_a_conflict_survives_being_stored(drawn: States) -> None:
    """What was written as JSON is read again, null and absence told apart."""
    for conflict in merge(*drawn, RULES).conflicts:
        assert Conflict.from_json(conflict.to_json()) == conflict


@given(values(), values())
def test_values_are_the_same_when_their_texts_are(one: Any, other: Any) -> None:
    """No two values that are written differently pass for the same."""
    assert same(one, other) == (text_of(one) == text_of(other))
    assert same(one, copy.deepcopy(one))
