"""Tells JSON values apart in every bit, at the speed of C."""

import marshal
from typing import Any

from core.checkpoints.json_values import text_of

# The last form of marshal that writes every value by itself. Later ones refer back to
# what they wrote already, which depends on who else holds it.
FORM = 2


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
    if bits(one) == bits(other):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return all(exactly(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return all(map(exactly, one, other))
    return text_of(one) == text_of(other)
