"""Which of several causes is the probable one."""

from collections.abc import Iterable, Sequence

from core.rca.cause import Cause, Confidence

# What gives a setting to other causes; alone it is better than nothing.
CONTEXT = frozenset({"seen_before", "diverged"})


def ranked(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Return the causes, the probable one first.

    The surer comes first, of equals the earlier. One that another explains goes behind
    it, and what is only context behind all.
    """
    left = sorted(causes, key=_in_order)
    done: list[Cause] = []
    while left:
        free = [one for one in left if not _explained(one, left)]
        # Causes that explain each other in a ring are taken as they stand.
        following = (free or left)[0]
        left.remove(following)
        done.append(following)
    return tuple(done)


def _in_order(cause: Cause) -> tuple[bool, int, str, str]:
    began = cause.began_at.isoformat()
    return cause.name in CONTEXT, -cause.confidence.rank, began, cause.name


def _explained(cause: Cause, others: Sequence[Cause]) -> bool:
    return any(
        cause.name in other.explains and _weighs(other, cause)
        for other in others
        if other is not cause
    )


def _weighs(other: Cause, cause: Cause) -> bool:
    """Return whether a cause is sure enough to stand before what it explains."""
    return (
        other.confidence is not Confidence.POSSIBLE
        or cause.confidence is Confidence.POSSIBLE
    )
