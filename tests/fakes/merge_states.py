"""Small states that often agree and often clash, for the laws of merging."""

from typing import Any

from hypothesis import strategies as st

from core.checkpoints.merge_rules import BY_PAIR, BY_VALUE, MergeRules, by_field
from core.events.base import JSON

States = tuple[JSON, JSON, JSON]

RULES = MergeRules(
    identities={
        "/pairs": BY_PAIR,
        "/tags": BY_VALUE,
        "/rows": by_field("id"),
        "/rows/*/tags": BY_VALUE,
    },
    texts=("/text",),
)
# Values that Python takes for equal stand side by side with those that differ.
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, -0.0, 0.0, "", "1", "a"])
NAMES = st.sampled_from(["a", "b", "c", "d/e", "f~1"])
KEYS = st.sampled_from(["a", "b", "c", "d", "e", 1, True])


def values() -> st.SearchStrategy[Any]:
    """Draw any JSON value, a few levels deep."""
    return st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=3)
        ),
        max_leaves=6,
    )


def objects() -> st.SearchStrategy[JSON]:
    """Draw a state of which nothing is declared."""
    return st.dictionaries(NAMES, values(), max_size=4)


def keys() -> st.SearchStrategy[list[Any]]:
    """Draw identities in any order, each at most once."""
    return st.lists(KEYS, max_size=6, unique_by=repr)


def states() -> st.SearchStrategy[JSON]:
    """Draw a state with keyed lists, sometimes with an identity twice, and a text."""
    tags = st.one_of(keys(), st.lists(KEYS, max_size=4))
    rows = keys().flatmap(
        lambda ids: st.tuples(
            *(
                st.fixed_dictionaries({"id": st.just(one)}, optional={"tags": tags})
                for one in ids
            )
        ).map(list)
    )
    pairs = keys().flatmap(
        lambda names: st.tuples(
            *(st.tuples(st.just(one), SCALARS).map(list) for one in names)
        ).map(list)
    )
    lines = st.lists(st.sampled_from(["x", "y", ""]), max_size=4).map("\n".join)
    return st.fixed_dictionaries(
        {},
        optional={
            "a": values(),
            "text": lines,
            "tags": tags,
            "pairs": st.one_of(pairs, st.none()),
            "rows": rows,
        },
    )


def three(one: st.SearchStrategy[JSON]) -> st.SearchStrategy[States]:
    """Draw a base and two sides, which keep a part of the base more often than not."""

    def side(base: JSON, drawn: JSON, kept: set[str]) -> JSON:
        return {**drawn, **{key: base[key] for key in base if key in kept}}

    names = st.sets(st.sampled_from(["a", "b", "c", "text", "tags", "pairs", "rows"]))
    return st.builds(
        lambda base, ours, theirs, our_part, their_part: (
            base,
            side(base, ours, our_part),
            side(base, theirs, their_part),
        ),
        one,
        one,
        one,
        names,
        names,
    )
