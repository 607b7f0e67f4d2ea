"""Merge two texts that came from one, line by line, when they do not overlap."""

from collections import Counter
from difflib import SequenceMatcher

# What the comparison may cost, in pairs of equal lines looked at and in lines; past it
# a text is taken as a whole, for the time would grow with the square.
MOST_PAIRS = 1_000_000
MOST_LINES = 2_000

Lines = list[str]


def merge_text(base: str, ours: str, theirs: str) -> str | None:
    """Return the text with the changes of both, None when they touch the same lines.

    The rule is diff3's: between two lines that all three share, only one side may
    differ from the base, or both in the same way.
    """
    before, left, right = (text.split("\n") for text in (base, ours, theirs))
    if _too_long(before, left) or _too_long(before, right):
        return None
    merged: Lines = []
    at = (0, 0, 0)
    for shared in _shared(before, left, right):
        chunks = (
            text[start:end]
            for text, start, end in zip((before, left, right), at, shared, strict=True)
        )
        chunk = _merge_chunk(*chunks)
        if chunk is None:
            return None
        merged += chunk
        merged += before[shared[0] : shared[0] + 1]
        at = (shared[0] + 1, shared[1] + 1, shared[2] + 1)
    return "\n".join(merged)


def _too_long(before: Lines, after: Lines) -> bool:
    if max(len(before), len(after)) > MOST_LINES:
        return True
    counts = Counter(after)
    return sum(counts[line] for line in before) > MOST_PAIRS


def _shared(before: Lines, left: Lines, right: Lines) -> list[tuple[int, int, int]]:
    """Return where each line that all three share stands in each, and their ends."""
    in_left, in_right = _matches(before, left), _matches(before, right)
    found = [
        (line, in_left[line], in_right[line])
        for line in range(len(before))
        if line in in_left and line in in_right
    ]
    return [*found, (len(before), len(left), len(right))]


def _matches(before: Lines, after: Lines) -> dict[int, int]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return {
        block.a + step: block.b + step
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }


def _merge_chunk(before: Lines, left: Lines, right: Lines) -> Lines | None:
    if right in (left, before):
        return left
    return right if left == before else None
