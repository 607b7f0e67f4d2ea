"""What of the analyzers' remarks is about the change, and where it then stands."""

from core.review.anchors import touches_change
from core.review.findings import Side
from core.review.hunks import FilePatch

# A longer remark is about a whole block, and stands where the block opens.
LONGEST = 10


def changed_lines(patch: FilePatch, start: int, end: int) -> tuple[int, int] | None:
    """Return the lines of a remark that can be shown, None when it is not about them.

    A remark counts when one of its lines was added, cut down to the hunk with the first
    of those. One that spans a whole block, such as a job of a workflow, counts only
    when the block's first line was added: else any change within an old block would
    bring up all that was ever wrong with it.
    """
    if end - start >= LONGEST:
        end = start
    for hunk in patch.hunks:
        span = hunk.span(Side.RIGHT)
        first, last = max(start, span.start), min(end, span.stop - 1)
        if first <= last and touches_change(patch, Side.RIGHT, first, last):
            return first, last
    return None
