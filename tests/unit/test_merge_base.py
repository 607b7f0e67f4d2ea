"""Two checkpoints are compared with the one from which both came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checkpoints.ancestry import (
    ancestors,
    lowest_common_ancestors,
    merge_base,
)
from core.errors import (
    ConflictError,
    InputError,
    MergeBaseAmbiguousError,
    MergeBaseForeignError,
    UnrelatedRunsError,
)

Graph = dict[str, list[str]]

# root ─ a ─ ours; a ─ theirs; root ─ other; and a run of its own.
FORK: Graph = {
    "root": [],
    "a": ["root"],
    "ours": ["a"],
    "theirs": ["a"],
    "other": ["root"],
    "stranger": [],
}
# Two branches that were merged both ways round.
CROSS: Graph = {
    "root": [],
    "a": ["root"],
    "b": ["root"],
    "ours": ["a", "b"],
    "theirs": ["b", "a"],
}


def graphs() -> st.SearchStrategy[Graph]:
    """Draw checkpoints 0…n, each of which comes from some before it."""
    before = st.lists(st.integers(0, 7), max_size=3)
    return st.lists(before, min_size=2, max_size=8).map(
        lambda rows: {
            str(number): sorted({str(p) for p in row if p < number})
            for number, row in enumerate(rows)
        }
    )


def reachable(graph: Graph, one: str) -> set[str]:
    """Return all that a checkpoint comes from, the slow way, with itself."""
    return {one}.union(*(reachable(graph, parent) for parent in graph[one]))


@pytest.mark.parametrize(
    ("one", "other", "lowest"),
    [
        ("ours", "theirs", ("a",)),
        ("ours", "other", ("root",)),
        ("ours", "a", ("a",)),
        ("ours", "ours", ("ours",)),
        ("ours", "root", ("root",)),
        ("ours", "stranger", ()),
    ],
)
def test_the_lowest_is_found(one: str, other: str, lowest: tuple[str, ...]) -> None:
    """A checkpoint is the base of all that comes from it, itself included."""
    assert lowest_common_ancestors(FORK, one, other) == lowest
    assert lowest_common_ancestors(FORK, other, one) == lowest


def test_a_merge_moves_the_base() -> None:
    """After a merge, what was merged is common, and is not asked about again."""
    graph = {**FORK, "merged": ["ours", "theirs"], "later": ["theirs"]}
    assert lowest_common_ancestors(graph, "merged", "later") == ("theirs",)


def test_several_bases_are_refused_until_one_is_chosen() -> None:
    """The error lists them; either can be chosen, or an older one."""
    with pytest.raises(
        MergeBaseAmbiguousError, match=r"more than one .*: a, b"
    ) as raised:
        merge_base(CROSS, "ours", "theirs")
    assert isinstance(raised.value, ConflictError)
    assert merge_base(CROSS, "ours", "theirs", "b") == "b"
    assert merge_base(CROSS, "ours", "theirs", "root") == "root"


def test_a_base_from_elsewhere_is_refused() -> None:
    """Changes cannot be counted from what one side never was."""
    for chosen in ("other", "stranger", "ours", "unknown"):
        with pytest.raises(MergeBaseForeignError, match=chosen):
            merge_base(FORK, "ours", "theirs", chosen)


def test_unrelated_checkpoints_are_refused() -> None:
    """Without a common beginning nobody knows who changed what."""
    for chosen in (None, "root"):
        with pytest.raises(UnrelatedRunsError) as raised:
            merge_base(FORK, "ours", "stranger", chosen)
        assert isinstance(raised.value, InputError)


def test_the_only_base_needs_no_choice() -> None:
    """The rule names it."""
    assert merge_base(FORK, "ours", "theirs") == "a"


def test_a_long_history_is_walked() -> None:
    """Depth is no matter."""
    graph = {str(number): [str(number - 1)] for number in range(1, 50_000)}
    graph |= {"ours": ["40000"], "theirs": ["49999"]}
    assert merge_base(graph, "ours", "theirs") == "40000"


def test_a_history_of_many_merges_is_walked_once() -> None:
    """Sixty merges make 2^60 ways up; each checkpoint is looked at once."""
    graph = {
        f"{side}{number}": [f"left{number - 1}", f"right{number - 1}"]
        for side in ("left", "right")
        for number in range(1, 60)
    }
    assert lowest_common_ancestors(graph, "left59", "right59") == ("left58", "right58")
    assert len(ancestors(graph, "left59")) == 119


@given(graphs())
def test_the_lowest_have_no_common_ancestor_below_them(graph: Graph) -> None:
    """Every common ancestor is above a lowest one, and no lowest above another."""
    one, other = list(graph)[-2:]
    common = reachable(graph, one) & reachable(graph, other)
    lowest = lowest_common_ancestors(graph, one, other)
    assert ancestors(graph, one) == reachable(graph, one)
    assert set(lowest) <= common
    covered = {up for low in lowest for up in reachable(graph, low)}
    assert covered == common
    for low in lowest:
        assert not any(low in reachable(graph, next_) for next_ in set(lowest) - {low})
