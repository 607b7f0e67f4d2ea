"""Tells JSON values apart in every bit, at the speed of C."""

import marshal
from collections.abc import Sequence
from typing import Any

from core.checkpoints.json_values import text_of

# Places in two lists.
Pairs = list[tuple[int, int]]

# The last form of marshal that writes every value by itself. Later ones refer back to
# what they wrote already, which depends on who else holds it.
FORM = 2
# How many items are looked at together; most often nothing in them has changed.
CHUNK = 64


def bits(value: Any) -> bytes | str:
    """Return what values share only if they are the same, names in one order too.

    It is some ten times as fast as JSON, and tells 1, 1.0, true and -0.0 apart.
    """
    try:
        return marshal.dumps(value, FORM)
    except ValueError:
        # A subclass of a JSON type, which marshal does not take.
        return text_of(value)


def exactly(one: Any, other: Any) -> bool:
    """Tell whether two values are the same in every bit, names in whatever order."""
    if one is other:
        return True
    # Python's own comparison is quick to find a difference, but takes 1 for true.
    if one != other:
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        in_order = all(map(str.__eq__, one, other))
        return (in_order and bits(one) == bits(other)) or all(
            exactly(value, other[name]) for name, value in one.items()
        )
    if bits(one) == bits(other):
        return True
    if isinstance(one, list) and isinstance(other, list):
        return all(map(exactly, one, other))
    return text_of(one) == text_of(other)


def unlike(before: Sequence[Any], after: Sequence[Any], pairs: Pairs) -> Pairs:
    """Return those pairs of places whose items are not the same.

    Names in another order count as that. The pairs may be in any order; neighbours are
    looked at together.
    """
    found: Pairs = []
    for at in range(0, len(pairs), CHUNK):
        part = pairs[at : at + CHUNK]
        one, other = [before[old] for old, _ in part], [after[new] for _, new in part]
        if bits(one) != bits(other):
            found += [
                pair
                for pair, old, new in zip(part, one, other, strict=True)
                if old is not new and bits(old) != bits(new)
            ]
    return found
