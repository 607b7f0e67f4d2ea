"""Where two checkpoints parted: the lowest ancestors that they have in common."""

from collections.abc import Mapping, Sequence

from core.errors import (
    MergeBaseAmbiguousError,
    MergeBaseForeignError,
    UnrelatedRunsError,
)

# Each checkpoint's id with those of its parents; one that is not named has none.
Parents = Mapping[str, Sequence[str]]


def ancestors(parents: Parents, checkpoint: str) -> frozenset[str]:
    """Return the checkpoint and all that it came from."""
    found: set[str] = set()
    waiting = [checkpoint]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return frozenset(found)


def lowest_common_ancestors(parents: Parents, one: str, other: str) -> tuple[str, ...]:
    """Return the common ancestors from which no other common ancestor comes.

    A checkpoint counts as its own ancestor, so that one which comes from the other has
    the other as its only answer. None in common: an empty answer.
    """
    common = ancestors(parents, one) & ancestors(parents, other)
    above = {parent for checkpoint in common for parent in parents.get(checkpoint, ())}
    return tuple(sorted(common - above))


def merge_base(
    parents: Parents, ours: str, theirs: str, chosen: str | None = None
) -> str:
    """Return the checkpoint from which both sides' changes are counted.

    Raises UnrelatedRunsError when there is none, MergeBaseAmbiguousError when there are
    several and none was chosen, MergeBaseForeignError when the chosen one is not an
    ancestor of both.
    """
    lowest = lowest_common_ancestors(parents, ours, theirs)
    if not lowest:
        raise UnrelatedRunsError(ours=ours, theirs=theirs)
    if chosen is not None:
        common = ancestors(parents, ours) & ancestors(parents, theirs)
        if chosen not in common:
            raise MergeBaseForeignError(base=chosen, ours=ours, theirs=theirs)
        return chosen
    if len(lowest) > 1:
        raise MergeBaseAmbiguousError(
            ours=ours, theirs=theirs, candidates=", ".join(lowest)
        )
    return lowest[0]
