"""Two states are compared: what a patch does, and what people are told."""

import json
from typing import Any

import pytest

from core.checkpoints.diff import difference as room
from core.checkpoints.diff.difference import difference
from core.checkpoints.diff.model import Change, DiffLimits, DiffRules, StateDiff
from core.checkpoints.diff.proof import prove
from core.checkpoints.json_values import ABSENT
from core.checkpoints.merge_rules import BY_PAIR, BY_VALUE, MergeRules, by_field
from core.errors.rca import DiffUnprovenError
from core.events.base import JSON


def only(found: StateDiff) -> Change:
    """Return the one change there is."""
    (change,) = found.changes
    return change


def items(*names: str) -> JSON:
    """Return a state with a list of items, each with an identity."""
    return {"items": [{"id": name, "n": len(name)} for name in names]}


def told(found: StateDiff) -> list[tuple[str, str, str]]:
    """Return the changes as kind, place and former place."""
    return [(one.kind, one.path, one.from_) for one in found.changes]


def test_equal_states_have_no_difference() -> None:
    """Not even the order of names is one."""
    found = difference({"a": 1, "b": [1.0]}, {"b": [1.0], "a": 1})
    assert found.same
    assert found.operations == ()
    assert found.changes == ()
    assert found.truncated == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 1.0), (1, True), (0, False), (0.0, -0.0), (None, False), ("1", 1)],
)
def test_what_python_takes_for_equal_is_a_change(before: Any, after: Any) -> None:
    """1, 1.0 and true are three values, deep in a state as well."""
    found = difference({"a": [{"b": before}]}, {"a": [{"b": after}]})
    change = only(found)
    assert change.path == "/a/0/b"
    assert repr((change.before, change.after)) == repr((before, after))
    assert found.counts["changed"] == 1


def test_what_is_replaced_or_removed_is_tested_first() -> None:
    """A patch says what it expects to find."""
    found = difference({"old": 1, "same": 2, "other": 3}, {"same": 2, "other": 4})
    assert found.operations == (
        {"op": "test", "path": "/old", "value": 1},
        {"op": "remove", "path": "/old"},
        {"op": "test", "path": "/other", "value": 3},
        {"op": "replace", "path": "/other", "value": 4},
    )


def test_an_object_of_which_no_name_stays_is_replaced_as_a_whole() -> None:
    """People are told of each name all the same."""
    found = difference({"in": {"a": 1, "b": 2}}, {"in": {"c": 1}})
    assert [one["op"] for one in found.operations] == ["test", "replace"]
    assert [one.path for one in found.changes] == ["/in/a", "/in/b", "/in/c"]


def test_nothing_is_not_null() -> None:
    """A name that comes with null has no side before."""
    found = difference({}, {"a": None})
    assert found.operations == ({"op": "add", "path": "/a", "value": None},)
    assert only(found) == Change(path="/a", kind="added", after=None)
    assert only(difference({"a": None}, {})).after is ABSENT


def test_names_with_slashes_and_tildes_are_escaped() -> None:
    """Any name can be pointed to, also none at all."""
    found = difference({"a/b": {"~": 1, "": 1}}, {"a/b": {"~": 2, "": 2}})
    assert [one.path for one in found.changes] == ["/a~1b/~0", "/a~1b/"]


def test_an_item_is_found_again_by_its_identity() -> None:
    """One that came in front shifts the others, and changes none of them."""
    after = items("new", "a", "bb")
    after["items"][2]["n"] = 7
    found = difference(items("a", "bb"), after)
    assert told(found) == [("added", "/items/0", ""), ("changed", "/items/2/n", "")]
    assert [one["op"] for one in found.operations] == ["add", "test", "replace"]


def test_an_item_that_moved_is_one_move() -> None:
    """It is told by both its places, and its change inside by the later one."""
    after = items("ccc", "a", "bb")
    after["items"][0]["n"] = 4
    found = difference(items("a", "bb", "ccc"), after)
    assert told(found) == [
        ("moved", "/items/0", "/items/2"),
        ("changed", "/items/0/n", ""),
    ]
    assert {"op": "move", "from": "/items/2", "path": "/items/0"} in found.operations


def test_an_item_with_another_identity_is_another_item() -> None:
    """It is not told as a change of the one that went."""
    found = difference(items("a", "b", "c"), items("a", "x", "c"))
    assert told(found) == [
        ("removed", "/items/1", "/items/1"),
        ("added", "/items/1", ""),
    ]


def test_what_was_removed_tells_where_it_was() -> None:
    """The list that it was in may have moved since."""
    inner = {"id": "in", "tags": ["x", "y"]}
    before = {"items": [inner, {"id": "a"}]}
    after = {"items": [{"id": "a"}, {"id": "in", "tags": ["x"]}]}
    removed = next(
        one for one in difference(before, after).changes if one.kind == "removed"
    )
    assert (removed.path, removed.from_) == ("/items/1/tags/1", "/items/0/tags/1")


def test_lists_are_matched_as_the_rules_say() -> None:
    """A pair by its first, a value by itself, an object by the field that is named."""
    lists = MergeRules(
        identities={"/pairs": BY_PAIR, "/tags": BY_VALUE, "/rows": by_field("name")}
    )
    before = {
        "pairs": [["a", 1], ["b", 1]],
        "tags": ["x", "y"],
        "rows": [{"name": "n", "id": 1}, {"name": "m", "id": 2}],
    }
    after = {
        "pairs": [["b", 2], ["a", 1]],
        "tags": ["y", "z"],
        "rows": [{"name": "n", "id": 2}, {"name": "m", "id": 1}],
    }
    found = difference(before, after, rules=DiffRules(lists=lists))
    assert {(kind, path) for kind, path, _ in told(found)} == {
        ("moved", "/pairs/0"),
        ("changed", "/pairs/0/1"),
        ("removed", "/tags/0"),
        ("added", "/tags/1"),
        ("changed", "/rows/0/id"),
        ("changed", "/rows/1/id"),
    }


def test_a_text_of_lines_is_shown_as_its_hunks() -> None:
    """One line in a long text is not the whole text twice."""
    lines = [f"line {at}" for at in range(30)]
    before = "\n".join(lines) + "\n"
    after = before.replace("line 9\n", "line nine\n")
    assert only(difference({"text": before}, {"text": after})).text == (
        "@@ -7,7 +7,7 @@\n line 6\n line 7\n line 8\n-line 9\n+line nine\n"
        " line 10\n line 11\n line 12"
    )


def test_a_short_string_is_shown_before_and_after() -> None:
    """It needs no hunks."""
    change = only(difference({"title": "a"}, {"title": "b"}))
    assert (change.before, change.after, change.text) == ("a", "b", "")


def test_noise_is_what_the_rules_say_and_times_by_their_names() -> None:
    """It is told, and counted by itself."""
    early, late = "2026-01-01T00:00:00.000Z", "2026-01-02T10:00:00+00:00"
    before = {"started_at": early, "lease": {"until": early}, "v": {"x": 1}, "t": early}
    after = {"started_at": late, "lease": {"until": late}, "v": {"x": 2}, "t": late}
    found = difference(before, after, rules=DiffRules(noise=("/v",)))
    assert {one.path: one.noise for one in found.changes} == {
        "/started_at": True,
        "/lease/until": True,
        "/v/x": True,
        "/t": False,
    }
    assert found.counts["noise"] == 3
    assert found.counts["changed"] == 1


def test_a_time_that_comes_or_goes_is_no_noise() -> None:
    """Something ended that had not."""
    time = "2026-01-01T00:00:00Z"
    assert not only(difference({"ended_at": None}, {"ended_at": time})).noise


@pytest.mark.parametrize("mark", ["[masked:aws.1]", "[redacted:red_01]", "█████"])
def test_what_stands_behind_a_mask_is_not_shown_on_the_other_side(mark: str) -> None:
    """A change from a secret to its mask tells that there was one, and no more."""
    change = only(difference({"a": "hunter2"}, {"a": f"password {mark}"}))
    assert change.redacted
    assert change.after == f"password {mark}"
    assert "hunter2" not in json.dumps([change.before, change.text])
    before, after = {"id": 1, "key": "hunter2"}, {"id": 1, "key": [mark]}
    change = only(difference([before], [after]))
    assert change.redacted
    assert change.before != "hunter2"


def test_a_text_with_the_same_mask_on_both_sides_is_shown() -> None:
    """What is masked in both gives nothing away."""
    change = only(difference({"a": "[masked:x]\none"}, {"a": "[masked:x]\ntwo"}))
    assert change.redacted
    assert change.text == (
        "@@ -1,2 +1,2 @@\n [masked:x]\n-one\n\\ No newline at end of file\n"
        "+two\n\\ No newline at end of file"
    )


def test_operations_that_lead_elsewhere_are_not_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever goes wrong when they are made, it is found out."""
    monkeypatch.setattr(
        room,
        "operations_of",
        lambda *_: [{"op": "replace", "path": "/a", "value": True}],
    )
    with pytest.raises(DiffUnprovenError, match="leads to another state"):
        difference({"a": 0}, {"a": 1})


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/b"},
        {"op": "remove", "path": "/a/b/c"},
        {"op": "remove", "path": "/list/x"},
        {"op": "add", "path": "/list/7", "value": 1},
        {"op": "test", "path": "/a", "value": 2},
    ],
)
def test_operations_that_lead_nowhere_prove_nothing(operation: JSON) -> None:
    """A path that is not there is no crash."""
    state = {"a": 1, "list": [1]}
    with pytest.raises(DiffUnprovenError):
        prove(state, [operation], state)
    assert state == {"a": 1, "list": [1]}


def test_limits_have_usual_values() -> None:
    """Who sets none gets those of the model."""
    assert DiffLimits() == room.USUAL_LIMITS
