"""Finds what two sequences share in one order: exactly where cheap, else nearly."""

from bisect import bisect_left
from collections.abc import Hashable, Sequence

from core.checkpoints.diff.exactly import Pairs

# How many items may differ for the shortest way between two sequences to be looked
# for; the time grows with the square of it.
MOST_STEPS = 300
# So few are looked for first; where no item is there twice, there is a way for many.
FEW_STEPS = 32


def shared(before: Sequence[Hashable], after: Sequence[Hashable]) -> Pairs:
    """Return which places of the two hold the same, rising in both.

    It is the most there can be where no item is there twice, or where few differ.
    Otherwise the first of equal items is taken for the first of the other, the second
    for the second, and the most of these that rise: never quadratic.
    """
    start, end = _ends(before, after)
    pairs = [(at, at) for at in range(start)]
    pairs += _between(before, after, start, end)
    tail = range(end, 0, -1)
    return pairs + [(len(before) - at, len(after) - at) for at in tail]


def in_turn(
    before: Sequence[Hashable],
    after: Sequence[Hashable],
    left: Sequence[int],
    right: Sequence[int],
) -> Pairs:
    """Pair equal items in turn, those at `left` with those at `right`."""
    places: dict[Hashable, list[int]] = {}
    for at in reversed(left):
        places.setdefault(before[at], []).append(at)
    return [(places[after[at]].pop(), at) for at in right if places.get(after[at])]


def rising(places: Sequence[int]) -> list[int]:
    """Return where the longest rising part of `places` stands, which are all unequal.

    Source: patience sorting, Schensted 1961.
    """
    if all(map(int.__lt__, places, places[1:])):
        return list(range(len(places)))
    tops: list[int] = []
    piles: list[int] = []
    below: list[int] = []
    for at, place in enumerate(places):
        pile = bisect_left(tops, place)
        below.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(place)
            piles.append(at)
        else:
            tops[pile], piles[pile] = place, at
    found: list[int] = []
    at = piles[-1] if piles else -1
    while at >= 0:
        found.append(at)
        at = below[at]
    return found[::-1]


def _ends(before: Sequence[Hashable], after: Sequence[Hashable]) -> tuple[int, int]:
    """Return how many items are shared at the start, and how many more at the end."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def _between(
    before: Sequence[Hashable], after: Sequence[Hashable], start: int, end: int
) -> Pairs:
    """Return the pairs between the shared ends."""
    old, new = range(start, len(before) - end), range(start, len(after) - end)
    if not old or not new:
        return []
    # What only one of them has is in no pair, and would be in the way.
    there = set(after[start : new.stop])
    left = [at for at in old if before[at] in there]
    there = {before[at] for at in left}
    right = [at for at in new if after[at] in there]
    one, other = [before[at] for at in left], [after[at] for at in right]
    found = _shortest(one, other, FEW_STEPS)
    if found is None and len(set(one)) < max(len(one), len(other)):
        found = _shortest(one, other, MOST_STEPS)
    if found is not None:
        return [(left[i], right[j]) for i, j in found]
    pairs = in_turn(before, after, left, right)
    return [pairs[at] for at in rising([old for old, _ in pairs])]


def _shortest(
    before: Sequence[Hashable], after: Sequence[Hashable], most: int
) -> Pairs | None:
    """Return the most pairs, None when more than `most` items differ.

    Source: Myers 1986, An O(ND) difference algorithm and its variations.
    """
    reach = {1: 0}
    trace: list[dict[int, int]] = []
    old_size, new_size = len(before), len(after)
    for steps in range(most + 1):
        trace.append(reach.copy())
        for line in range(-steps, steps + 1, 2):
            down = line == -steps or (
                line != steps and reach[line - 1] < reach[line + 1]
            )
            old = reach[line + 1] if down else reach[line - 1] + 1
            new = old - line
            while old < old_size and new < new_size and before[old] == after[new]:
                old, new = old + 1, new + 1
            reach[line] = old
            if old >= old_size and new >= new_size:
                return _walked_back(trace, old_size, new_size)
    return None


def _walked_back(trace: Sequence[dict[int, int]], old: int, new: int) -> Pairs:
    """Return the pairs on the way that `trace` has found, from its end."""
    found: Pairs = []
    for steps in range(len(trace) - 1, -1, -1):
        reach, line = trace[steps], old - new
        down = line == -steps or (line != steps and reach[line - 1] < reach[line + 1])
        came = line + 1 if down else line - 1
        before = reach[came] if steps else 0
        start = before if down or not steps else before + 1
        while old > start and new > 0:
            old, new = old - 1, new - 1
            found.append((old, new))
        old, new = before, before - came
    return found[::-1]
