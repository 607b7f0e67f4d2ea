"""Large and hostile states: what is left out is said, and nothing takes for ever."""

from typing import Any

import pytest

from core.checkpoints.diff.difference import difference, replaced
from core.checkpoints.diff.model import DiffLimits, DiffRules
from core.checkpoints.json_values import check_json
from core.events.base import JSON


def nested(levels: int, leaf: Any, kind: type = dict) -> JSON:
    """Return a state of so many levels, with a leaf in the last."""
    value: Any = leaf
    for _ in range(levels - 2):
        value = {"in": value} if kind is dict else [value, "beside"]
    return {"in": value}


@pytest.mark.parametrize("kind", [dict, list])
def test_a_hundred_levels_are_compared_to_the_last(kind: type) -> None:
    """The deepest state that a checkpoint can hold is no trouble."""
    before, after = nested(100, 1, kind), nested(100, 1.0, kind)
    check_json(before)
    found = difference(before, after)
    assert found.truncated == ()
    (change,) = found.changes
    assert change.path.count("/") == 99
    assert (change.before, change.after) == (1, 1.0)


def test_a_state_too_deep_for_any_checkpoint_is_replaced() -> None:
    """It is no crash either."""
    before, after = nested(600, 1), nested(600, 2)
    found = difference(before, after)
    assert found.truncated[0].endswith("they are too deep to be compared")
    assert [one["op"] for one in found.operations] == ["test", "replace"]
    assert found.counts["changed"] == 1


def test_hunks_are_left_out_when_it_is_late() -> None:
    """What was there before and after is told all the same."""
    looks = iter([False, True])
    found = difference({"a": "x\ny"}, {"a": "x\nz"}, is_late=lambda: next(looks))
    assert (found.changes[0].after, found.changes[0].text) == ("x\nz", "")
    assert found.truncated == ("the lines that changed, after 5 seconds, at /a",)


def test_what_is_deeper_than_the_limit_is_replaced_there() -> None:
    """The rest is still compared in detail."""
    before = {"a": {"b": {"c": 1, "d": 2}}, "x": 1}
    after = {"a": {"b": {"c": 2, "d": 2}}, "x": 2}
    found = difference(before, after, limits=DiffLimits(depth=2))
    assert [one.path for one in found.changes] == ["/a/b", "/x"]
    assert found.truncated == ("what is below level 2: 1 value is replaced as a whole",)


def test_what_is_left_when_it_is_late_is_replaced() -> None:
    """What was compared in time stays as it was found; equal values are no change."""
    looks = iter([False, False, True, True, True])
    before = {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 1}, "c": {"x": 1}, "d": [1]}
    after = {"a": {"x": 2, "y": 1}, "b": {"x": 2, "y": 1}, "c": {"x": 1}, "d": [2]}
    found = difference(
        before, after, limits=DiffLimits(seconds=1.5), is_late=lambda: next(looks)
    )
    assert [one.path for one in found.changes] == ["/a/x", "/b", "/d"]
    assert found.truncated == (
        "what was left after 1.5 seconds: 2 values are replaced as a whole",
    )


def test_changes_past_the_limit_are_counted_by_where_they_are() -> None:
    """Noise goes first, and all are in the counts."""
    time = "2026-01-01T00:00:0{}Z"
    before = {"at": time.format(1), "n": {str(at): 0 for at in range(9)}, "o": {"p": 0}}
    after = {"at": time.format(2), "n": {str(at): 1 for at in range(9)}, "o": {"p": 1}}
    found = difference(before, after, limits=DiffLimits(changes=4))
    assert [one.path for one in found.changes] == ["/n/0", "/n/1", "/n/2", "/n/3"]
    assert found.counts["changed"] == 10
    assert found.counts["noise"] == 1
    assert set(found.truncated) == {
        "5 more changes under /n",
        "1 more change under /o",
        "1 more change under /at",
    }


def test_operations_past_the_limit_are_none_at_all() -> None:
    """Half a patch leads nowhere."""
    before = {str(at): 0 for at in range(9)}
    after = {str(at): 1 for at in range(9)}
    found = difference(before, after, limits=DiffLimits(operations=17))
    assert found.operations == ()
    assert len(found.changes) == 9
    assert found.truncated == ("the operations: they are more than 17",)
    assert len(difference(before, after, limits=DiffLimits(operations=18)).operations)


def test_long_values_are_shown_in_part() -> None:
    """The patch has them whole."""
    found = difference(
        {"a": "x", "b": [1]},
        {"a": "y" * 100, "b": ["z" * 100]},
        limits=DiffLimits(text=10),
    )
    assert found.changes[0].after == "y" * 10 + "…"
    assert found.changes[1].after == "z" * 10 + "…"
    assert found.operations[1]["value"] == "y" * 100
    assert found.truncated == ("values past 10 characters at /a and at 1 more",)


def test_a_list_of_equal_items_takes_no_time() -> None:
    """Two hundred thousand of them, with one less here and one more there."""
    before = {"items": ["x"] * 200_000}
    after = {"items": ["x"] * 90_000 + ["y"] + ["x"] * 109_000}
    found = difference(before, after)
    assert found.counts == {
        "added": 0,
        "removed": 999,
        "changed": 1,
        "moved": 0,
        "noise": 0,
    }
    assert len(found.operations) == 2 * 1000


def test_a_list_that_is_another_is_replaced_as_a_whole() -> None:
    """The people are still told what went and what came."""
    before = {"items": [{"id": at} for at in range(10_000)]}
    after = {"items": [{"id": -at} for at in range(1, 10_001)]}
    found = difference(before, after)
    assert [one["op"] for one in found.operations] == ["test", "replace"]
    assert found.counts["removed"] == found.counts["added"] == 10_000
    assert found.truncated == ("18000 more changes under /items",)


@pytest.mark.parametrize("unit", [["a", "b"], ["a", "a", "b"], list("abcdefghij")])
def test_what_repeats_itself_is_no_trap(unit: list[str]) -> None:
    """Neither items nor lines that come again and again make it quadratic."""
    many = unit * (60_000 // len(unit))
    turned = many[1:20_000] + unit + many[20_000:][::-1]
    found = difference(
        {"items": many, "text": "\n".join(many)},
        {"items": turned, "text": "\n".join(turned)},
    )
    assert found.counts["changed"] >= 1


def test_a_huge_string_is_compared_and_cut() -> None:
    """Without a line end it has no hunks."""
    found = difference({"a": "x" * 5_000_000}, {"a": "x" * 5_000_000 + "y"})
    assert len(found.changes[0].after) == DiffLimits().text + 1
    assert len(found.operations) == 2


def test_a_state_can_be_replaced_for_a_reason() -> None:
    """Who has no time for a difference says why, and has a patch all the same."""
    found = replaced({"a": 1}, {}, rules=DiffRules(), limits=DiffLimits(), why="late")
    assert found.operations == (
        {"op": "test", "path": "", "value": {"a": 1}},
        {"op": "replace", "path": "", "value": {}},
    )
    assert found.truncated == ("late",)
    assert not found.same
