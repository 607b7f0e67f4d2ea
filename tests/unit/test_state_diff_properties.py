"""The laws of a difference: it leads from one state to the other, and no further."""

import copy
from itertools import pairwise
from typing import Any

import jsonpatch
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.checkpoints.diff.difference import difference
from core.checkpoints.diff.exactly import bits, exactly
from core.checkpoints.diff.model import DiffLimits, DiffRules
from core.checkpoints.diff.sequences import rising, shared
from core.checkpoints.diff.texts import unified
from core.checkpoints.json_values import same
from core.events.base import JSON
from tests.fakes.merge_states import RULES, states, values

ROWS = st.lists(st.integers(0, 30), max_size=12, unique=True)
LETTERS = st.lists(st.sampled_from("abc"), max_size=25)
LINES = st.lists(st.sampled_from(["", "a", "b", " c"]), max_size=20).map("\n".join)


def anything() -> st.SearchStrategy[Any]:
    """Draw a state with keyed lists, any value, or a list of few letters."""
    return st.one_of(states(), values(), LETTERS)


def rows(names: list[int]) -> JSON:
    """Return a state with an item for each name."""
    return {"rows": [{"id": name, "n": [name]} for name in names]}


def applied(before: Any, operations: Any) -> Any:
    """Return what the library makes of a copy."""
    return jsonpatch.apply_patch(copy.deepcopy(before), list(operations))


def reversed_names(value: Any) -> Any:
    """Return the same value with all names in the opposite order."""
    if isinstance(value, dict):
        return {name: reversed_names(value[name]) for name in reversed(value)}
    return [reversed_names(one) for one in value] if type(value) is list else value


@given(anything(), anything(), st.sampled_from([DiffRules(), DiffRules(lists=RULES)]))
def test_it_leads_from_one_state_to_the_other(
    before: Any, after: Any, rules: DiffRules
) -> None:
    """In every bit, and neither is changed by it."""
    kept = copy.deepcopy((before, after))
    found = difference(before, after, rules=rules)
    assert same(applied(before, found.operations), after)
    assert found.same == same(before, after)
    assert bool(found.operations) == bool(found.changes) == (not found.same)
    assert sum(found.counts.values()) == len(found.changes)
    assert same([*kept], [before, after])


@given(anything())
def test_a_state_does_not_differ_from_itself(state: Any) -> None:
    """Whatever order its names are in."""
    assert difference(state, copy.deepcopy(state)).same
    assert difference(state, reversed_names(state)).same


@given(anything(), anything())
def test_exactly_is_same_but_quicker(one: Any, other: Any) -> None:
    """Both tell apart what Python does not, and equal bits are proof."""
    assert exactly(one, other) == same(one, other)
    assert exactly(one, reversed_names(one))
    if bits(one) == bits(other):
        assert same(one, other)


@given(anything(), anything(), st.data())
def test_what_is_taken_away_is_tested_just_before(
    before: Any, after: Any, data: st.DataObject
) -> None:
    """So another base is refused, where its value there is another."""
    operations = difference(before, after).operations
    for earlier, one in pairwise(({"op": "", "path": ""}, *operations)):
        if one["op"] in ("remove", "replace", "move"):
            assert earlier["op"] == "test"
            assert earlier["path"] == one.get("from", one["path"])
    tests = [at for at, one in enumerate(operations) if one["op"] == "test"]
    assume(tests)
    at = data.draw(st.sampled_from(tests))
    base = applied(before, operations[:at])
    there = {"op": "replace", "path": operations[at]["path"], "value": "another base"}
    other = applied(base, [there])
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        applied(other, operations[at:])


@given(anything(), anything(), st.integers(0, 3))
def test_it_holds_at_any_depth(before: Any, after: Any, depth: int) -> None:
    """What is replaced as a whole is right as well."""
    found = difference(before, after, limits=DiffLimits(depth=depth))
    assert same(applied(before, found.operations), after)


@given(anything(), anything(), st.integers(0, 12))
def test_it_holds_whenever_it_is_late(before: Any, after: Any, looks: int) -> None:
    """At whatever moment the time is up."""
    left = iter(range(looks))
    found = difference(before, after, is_late=lambda: next(left, None) is None)
    assert same(applied(before, found.operations), after)


@given(ROWS, st.permutations(range(31)), st.integers(0, 12))
def test_keyed_items_move_as_seldom_as_can_be(
    names: list[int], order: list[int], size: int
) -> None:
    """What stays is the longest part that is in one order in both; the rest moves."""
    wanted = order[:size]
    found = difference(rows(names), rows(wanted))
    both = [names.index(name) for name in wanted if name in names]
    counts = dict(found.counts)
    assert counts["moved"] == len(both) - longest(both)
    assert counts["added"] == len(wanted) - len(both)
    assert counts["removed"] == len(names) - len(both)
    assert counts["changed"] == 0
    steps = counts["added"] + 2 * (counts["removed"] + counts["moved"])
    assert len(found.operations) <= steps


def longest(places: list[int]) -> int:
    """Return the length of the longest rising part, by the plainest of ways."""
    best: list[int] = []
    for at, place in enumerate(places):
        under = [best[one] for one in range(at) if places[one] < place]
        best.append(1 + max(under, default=0))
    return max(best, default=0)


@given(st.lists(st.integers(), unique=True, max_size=40))
def test_the_longest_rising_part_is_found(places: list[int]) -> None:
    """It rises, and none is longer."""
    found = rising(places)
    assert all(one < other for one, other in pairwise(found))
    assert all(places[one] < places[other] for one, other in pairwise(found))
    assert len(found) == longest(places)


@given(ROWS.filter(bool), st.integers(31, 60), st.integers(0, 12))
def test_one_more_item_is_one_operation(names: list[int], new: int, at: int) -> None:
    """Wherever it comes in, and one less is a test and a removal."""
    more = [*names[:at], new, *names[at:]]
    (operation,) = difference(rows(names), rows(more)).operations
    assert operation["op"] == "add"
    assert [one["op"] for one in difference(rows(more), rows(names)).operations] == [
        "test",
        "remove",
    ]


@given(ROWS.filter(lambda names: len(names) > 1), st.data())
def test_one_item_that_moved_is_one_move(names: list[int], data: st.DataObject) -> None:
    """However far."""
    at = data.draw(st.integers(0, len(names) - 1))
    to = data.draw(st.integers(0, len(names) - 1).filter(lambda place: place != at))
    other = names.copy()
    other.insert(to, other.pop(at))
    operations = difference(rows(names), rows(other)).operations
    assert [one["op"] for one in operations] == ["test", "move"]


@given(LETTERS, LETTERS)
def test_lists_without_identity_share_all_they_can(
    before: list[str], after: list[str]
) -> None:
    """As many items stay as in the longest common subsequence."""
    pairs = shared(before, after)
    assert all(before[old] == after[new] for old, new in pairs)
    assert all(a < b and c < d for (a, c), (b, d) in pairwise(pairs))
    assert len(pairs) == common(before, after)


def common(before: list[str], after: list[str]) -> int:
    """Return the length of the longest common subsequence, by the book."""
    row = [0] * (len(after) + 1)
    for one in before:
        corner = 0
        for at, other in enumerate(after, 1):
            above = row[at]
            row[at] = corner + 1 if one == other else max(above, row[at - 1])
            corner = above
    return row[-1]


@given(LINES, LINES)
def test_hunks_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    """Followed line by line, with the counts in their heads."""
    assert patched(before, unified(before, after)) == after


def patched(text: str, hunks: str) -> str:
    """Apply the hunks of a unified diff, as strictly as can be."""
    old, made, at = text.splitlines(keepends=True), list[str](), 0
    lines = hunks.split("\n") if hunks else []
    while lines:
        head = lines.pop(0).split(" ")
        was, now = (list(map(int, one[1:].split(","))) for one in head[1:3])
        size, wanted = (one[1] if len(one) > 1 else 1 for one in (was, now))
        start = was[0] - 1 if size else was[0]
        made += old[at:start]
        assert len(made) == (now[0] - 1 if wanted else now[0])
        at, end, done = start, start + size, len(made) + wanted
        while lines and not lines[0].startswith("@@"):
            mark, line = lines[0][0], lines.pop(0)[1:]
            bare = bool(lines) and lines[0].startswith("\\")
            if bare:
                lines.pop(0)
            line += "" if bare else "\n"
            if mark in " -":
                assert old[at] == line
                at += 1
            if mark in " +":
                made.append(line)
        assert (at, len(made)) == (end, done)
    return "".join(made + old[at:])
