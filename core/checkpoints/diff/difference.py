"""The difference of two JSON states: for machines as a patch, for people as changes."""

from collections.abc import Callable, Iterator
from typing import Any

from core.checkpoints.diff.changes import told
from core.checkpoints.diff.edits import Edit, Edits, Noted
from core.checkpoints.diff.model import DiffLimits, DiffRules, StateDiff
from core.checkpoints.diff.operations import operations_of
from core.checkpoints.diff.proof import prove

NO_RULES = DiffRules()
USUAL_LIMITS = DiffLimits()
TOO_DEEP = "all but that the states differ: they are too deep to be compared"


def in_time() -> bool:
    """Say that it is not late yet: for states that cannot take long."""
    return False


def difference(
    before: Any,
    after: Any,
    *,
    rules: DiffRules = NO_RULES,
    limits: DiffLimits = USUAL_LIMITS,
    is_late: Callable[[], bool] = in_time,
) -> StateDiff:
    """Return what leads from one state to another, after trying that it does.

    Once `is_late` says so, what is left is replaced as a whole: `limits.seconds` is
    kept by whoever has a clock. Raises DiffUnprovenError, which is a bug.
    """
    edits = Edits(rules, limits, is_late)
    try:
        edits.walk((), (), before, after)
        operations = operations_of(edits.found, limits.operations)
        if operations:
            prove(before, operations, after)
    except RecursionError:
        # No checkpoint holds so deep a state.
        return replaced(before, after, rules=rules, limits=limits, why=TOO_DEEP)
    words = told(edits.found, rules, limits, is_late)
    truncated = (*_whole(edits, limits), *_patch(operations, limits), *words.left_out)
    return StateDiff(
        operations=tuple(operations or ()),
        changes=words.changes,
        counts=words.counts,
        truncated=truncated,
    )


def replaced(
    before: Any, after: Any, *, rules: DiffRules, limits: DiffLimits, why: str
) -> StateDiff:
    """Return the replacement of a whole state, which needs no proof."""
    edits: list[Noted] = [Edit((), (), before, after)]
    words = told(edits, rules, limits, in_time)
    return StateDiff(
        operations=tuple(operations_of(edits, limits.operations) or ()),
        changes=words.changes,
        counts=words.counts,
        truncated=(why, *words.left_out),
    )


def _whole(edits: Edits, limits: DiffLimits) -> Iterator[str]:
    if edits.deep:
        yield f"what is below level {limits.depth}: {_values(edits.deep)} as a whole"
    if edits.late:
        seconds = f"{limits.seconds:g} seconds"
        yield f"what was left after {seconds}: {_values(edits.late)} as a whole"


def _values(count: int) -> str:
    return "1 value is replaced" if count == 1 else f"{count} values are replaced"


def _patch(operations: object, limits: DiffLimits) -> Iterator[str]:
    if operations is None:
        yield f"the operations: they are more than {limits.operations}"
