"""Lists with an identity merge item by item, and keep what order both agree on."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checkpoints.conflicts import Kind
from core.checkpoints.json_values import ABSENT, same
from core.checkpoints.merge import merge
from core.checkpoints.merge_lists import keyed, merged_order
from core.checkpoints.merge_rules import BY_PAIR, BY_VALUE, MergeRules, by_field
from core.checkpoints.resolutions import resolve
from tests.fakes.merge_states import RULES, SCALARS, keys

MANY = 20_000


def tags(*orders: str) -> Any:
    """Merge lists of letters; return the merged ones, or the conflict's kind."""
    base, ours, theirs = ({"tags": list(order)} for order in orders)
    merged = merge(base, ours, theirs, RULES)
    if merged.conflicts:
        (conflict,) = merged.conflicts
        return conflict.kind
    return "".join(merged.state["tags"])


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("abc", "abcX", "Yabc", "YabcX"),
        ("abc", "abcX", "abcY", "abcXY"),
        ("abc", "abcYZ", "abcX", "abcXYZ"),
        ("abc", "aXbc", "abYc", "aXbYc"),
        ("abc", "ac", "ab", "a"),
        ("abc", "", "abcX", "X"),
        ("abc", "cba", "abc", "cba"),
        ("abc", "cba", "abXc", "cbXa"),
        ("abc", "cba", "ab", "ba"),
        ("abc", "cba", "cba", "cba"),
        ("abc", "cbaX", "cbaY", "cbaXY"),
        ("abc", "abNc", "abNcX", "abNcX"),
        ("", "XN", "NY", "XNY"),
        ("abc", "bac", "acb", Kind.ORDER),
        ("abc", "aNbc", "abNc", Kind.ORDER),
        ("abc", "abcNM", "abcMN", Kind.ORDER),
        ("ab", "baN", "Nba", Kind.ORDER),
        ("ab", "baNM", "abMN", Kind.ORDER),
    ],
)
def test_order_follows_the_side_that_moved(
    base: str, ours: str, theirs: str, merged: str
) -> None:
    """One side's order holds; two orders that cannot both hold are a conflict."""
    assert tags(base, ours, theirs) == merged
    assert tags(base, theirs, ours) == merged


def test_a_conflict_of_order_shows_the_lists_and_suggests_ours_with_all_in_it() -> None:
    """The suggestion is our order with what they added; the sides are as they were.

    That both changed the second of `b` is not asked apart from the order.
    """
    base = {"pairs": [["a", 1], ["b", 1], ["c", 1]]}
    ours = {"pairs": [["b", 2], ["a", 1], ["c", 2]]}
    theirs = {"pairs": [["a", 3], ["c", 1], ["b", 3], ["d", 1]]}
    merged = merge(base, ours, theirs, RULES)
    (conflict,) = merged.conflicts
    assert (conflict.path, conflict.kind) == ("/pairs", Kind.ORDER)
    assert conflict.sides == (base["pairs"], ours["pairs"], theirs["pairs"])
    assert conflict.suggestion == [["b", 2], ["d", 1], ["a", 3], ["c", 2]]
    assert merged.state == {"pairs": conflict.suggestion}


def test_pairs_merge_by_their_first() -> None:
    """A conflict of a pair is at its second, where the merged list has the pair."""
    base = {"pairs": [["a", 1], ["b", 1], ["c", 1]]}
    ours = {"pairs": [["b", 2], ["c", 2]]}
    theirs = {"pairs": [["a", 1], ["b", 3], ["c", 1], ["d", 1]]}
    merged = merge(base, ours, theirs, RULES)
    assert merged.state == {"pairs": [["b", 2], ["c", 2], ["d", 1]]}
    (conflict,) = merged.conflicts
    assert (conflict.path, conflict.kind) == ("/pairs/0/1", Kind.MODIFY_MODIFY)
    assert conflict.sides == (1, 2, 3)


def test_pairs_that_one_side_deleted_or_both_added_clash_as_pairs() -> None:
    """What is absent as a whole is shown as a whole, and kept until someone chooses."""
    base = {"pairs": [["a", 1]]}
    ours = {"pairs": [["n", 1]]}
    theirs = {"pairs": [["a", 2], ["n", 2]]}
    merged = merge(base, ours, theirs, RULES)
    kinds = {conflict.path: conflict for conflict in merged.conflicts}
    assert merged.state == {"pairs": [["a", 2], ["n", 1]]}
    assert kinds["/pairs/0"].kind is Kind.DELETE_MODIFY
    assert kinds["/pairs/0"].sides == (["a", 1], ABSENT, ["a", 2])
    assert kinds["/pairs/1"].kind is Kind.ADD_ADD
    assert kinds["/pairs/1"].sides == (ABSENT, ["n", 1], ["n", 2])


def test_objects_merge_by_a_field_and_inside() -> None:
    """Lists inside the items have an identity of their own."""
    base = {"rows": [{"id": 1, "tags": ["a"]}, {"id": 2, "n": 1}]}
    ours = {"rows": [{"id": 2, "n": 1}, {"id": 1, "tags": ["a", "b"]}]}
    theirs = {"rows": [{"id": 1, "tags": ["c", "a"]}, {"id": 2, "n": 2}]}
    merged = merge(base, ours, theirs, RULES)
    assert merged.conflicts == ()
    assert merged.state == {
        "rows": [{"id": 2, "n": 2}, {"id": 1, "tags": ["c", "a", "b"]}]
    }


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": 1}, {"id": 1}],
        [{"id": 1}, {"name": 1}],
        [{"id": 1}, 2],
        [{"id": None}, {"id": None}],
    ],
)
def test_a_list_without_clear_identities_is_taken_as_a_whole(rows: list[Any]) -> None:
    """Two of one identity, or none, on any side: nothing is guessed."""
    ours, theirs = [*rows, {"id": 5}], [{"id": 6}, *rows]
    merged = merge({"rows": rows}, {"rows": ours}, {"rows": theirs}, RULES)
    (conflict,) = merged.conflicts
    assert (conflict.path, conflict.kind) == ("/rows", Kind.MODIFY_MODIFY)
    assert merged.state == {"rows": ours}


def test_pairs_have_two_parts() -> None:
    """A list of three is no pair, nor is a string of two letters."""
    assert keyed([["a", 1, 2]], BY_PAIR) is None
    assert keyed(["ab"], BY_PAIR) is None
    assert keyed([["a", 1], ["a", 2]], BY_PAIR) is None
    assert keyed([], BY_PAIR) == {}


def test_identities_are_told_apart_as_strictly_as_values() -> None:
    """1, 1.0, true and the string of a one are four identities."""
    assert len(keyed([1, 1.0, True, "1"], BY_VALUE) or ()) == 4
    assert keyed([1, 1], BY_VALUE) is None


def test_a_list_that_a_side_replaced_is_a_conflict_of_type() -> None:
    """There are no items to merge with."""
    merged = merge({"tags": ["a"]}, {"tags": ["a", "b"]}, {"tags": None}, RULES)
    (conflict,) = merged.conflicts
    assert conflict.kind is Kind.TYPE


@given(keys(), keys(), keys())
def test_a_side_that_nobody_overrules_keeps_its_order(
    base: list[Any], ours: list[Any], theirs: list[Any]
) -> None:
    """All that was agreed on stands in the order of one side, mostly of both."""
    tables = [keyed(side, BY_VALUE) for side in (base, ours, theirs)]
    before, left, right = (table or {} for table in tables)
    order = merged_order(before, left, right)
    followed = [
        [key for key in side if key in order.keys]
        == [key for key in order.keys if key in side]
        for side in (left, right)
    ]
    assert any(followed)
    shared = [key for key in before if key in left and key in right]
    unmoved = [[key for key in side if key in shared] for side in (left, right)]
    if order.agreed and unmoved == [shared, shared]:
        assert all(followed)
    assert order.agreed or not followed[1]


@given(
    *[st.dictionaries(st.sampled_from("abcde"), SCALARS) for _ in range(3)],
    st.sampled_from(["base", "ours", "theirs", "suggestion"]),
)
def test_keyed_lists_hold_what_objects_would(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any], side: str
) -> None:
    """A list of rows merges to the same contents as the object of the same rows.

    That holds for each way to settle the conflicts.
    """
    rules = MergeRules(identities={"/list": by_field("id")})

    def rows(side: dict[str, Any]) -> Any:
        # In one order, so that nothing but the contents is in question.
        return {"list": [{"id": key, "v": side[key]} for key in sorted(side)]}

    def table(side: dict[str, Any]) -> Any:
        return {key: {"id": key, "v": value} for key, value in side.items()}

    listed = merge(rows(base), rows(ours), rows(theirs), rules)
    mapped = merge(table(base), table(ours), table(theirs))
    rows_of = resolve(listed, {one.id: side for one in listed.conflicts})["list"]
    fields_of = resolve(mapped, {one.id: side for one in mapped.conflicts})
    assert same({row["id"]: row for row in rows_of}, fields_of)
    assert len(rows_of) == len(fields_of)
    assert sorted(one.kind for one in listed.conflicts) == sorted(
        one.kind for one in mapped.conflicts
    )


def test_long_lists_are_merged_item_by_item() -> None:
    """Twenty thousand rows, each changed, moved or added by a side, come together."""
    rows = [{"id": number, "n": 0, "m": 0} for number in range(MANY)]
    ours = [{**row, "n": 1} for row in reversed(rows)]
    theirs = [{**row, "m": 1} for row in rows] + [
        {"id": MANY + number} for number in range(MANY)
    ]
    merged = merge({"rows": rows}, {"rows": ours}, {"rows": theirs}, RULES)
    assert merged.conflicts == ()
    result = merged.state["rows"]
    # What they added follows the row that was last with them, and is first with us.
    assert result[0] == {"id": MANY - 1, "n": 1, "m": 1}
    assert result[1 : MANY + 1] == theirs[MANY:]
    assert result[MANY + 1 :] == [
        {"id": number, "n": 1, "m": 1} for number in reversed(range(MANY - 1))
    ]
