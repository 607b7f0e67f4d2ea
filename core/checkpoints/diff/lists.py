"""Which items of two lists are the same item: by identity, by content, by place."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from core.checkpoints.diff.exactly import bits
from core.checkpoints.diff.sequences import Pairs, rising, shared
from core.checkpoints.json_values import ABSENT, text_of
from core.checkpoints.merge_lists import PAIR
from core.checkpoints.merge_rules import BY_PAIR, Identity

Items = Sequence[Any]
Keys = list[Hashable]

# What tells objects in a list apart when nothing is declared: the first that does.
NAMES = ("id", "path")


class Alignment(NamedTuple):
    """How the items of an earlier list became those of a later one, by their places.

    `kept` are pairs that rise in both; what is before `start` is kept too. `moved` are
    pairs that do not. `inside` are the pairs that may differ in their contents.
    """

    start: int
    kept: Pairs
    moved: Pairs
    removed: list[int]
    added: list[int]
    inside: Pairs

    @property
    def steps(self) -> int:
        """Return how many items came, went and moved."""
        return len(self.moved) + len(self.removed) + len(self.added)


def aligned(before: Items, after: Items, identity: Identity | None) -> Alignment:
    """Match the items of two lists.

    By `identity` if that is given, else by `id` or `path` if all are objects and it is
    unique in both; where it is not, by content, and what is left between by its place.
    """
    for one in (identity,) if identity else map(Identity, NAMES):
        old = _keys(before, one, declared=bool(identity))
        new = old and _keys(after, one, declared=bool(identity))
        if old and new:
            return _by_keys(old, new)
    return _by_content(before, after)


def _keys(items: Items, identity: Identity, *, declared: bool) -> Keys | None:
    """Return what identifies each item, None when one has nothing or two share it."""
    part = identity.part
    keys: Keys = []
    for item in items:
        if isinstance(part, str):
            key = item.get(part, ABSENT) if type(item) is dict else ABSENT
        elif identity == BY_PAIR:
            is_pair = type(item) is list and len(item) == PAIR
            key = item[0] if is_pair else ABSENT
        else:
            key = item
        if type(key) is not str:
            if key is ABSENT or not (declared or type(key) in (int, float)):
                return None
            # No string is equal to a tuple, nor are 1 and 1.0 as they are written.
            key = (text_of(key),)
        keys.append(key)
    return keys if len(set(keys)) == len(keys) else None


def _by_keys(before: Keys, after: Keys) -> Alignment:
    places = {key: at for at, key in enumerate(before)}
    pairs = [(places[key], at) for at, key in enumerate(after) if key in places]
    spine = rising([old for old, _ in pairs])
    kept = pairs
    moved: Pairs = []
    if len(spine) < len(pairs):
        kept = [pairs[at] for at in spine]
        stays = set(spine)
        moved = [pair for at, pair in enumerate(pairs) if at not in stays]
    there = set(after)
    return Alignment(
        start=0,
        kept=kept,
        moved=moved,
        removed=[at for at, key in enumerate(before) if key not in there],
        added=[at for at, key in enumerate(after) if key not in places],
        inside=pairs,
    )


def _by_content(before: Items, after: Items) -> Alignment:
    start, old_end, new_end = _unlike(before, after)
    old = [_mark(item) for item in before[start:old_end]]
    new = [_mark(item) for item in after[start:new_end]]
    pairs = shared(old, new)
    left = sorted(set(range(len(old))) - {at for at, _ in pairs})
    right = sorted(set(range(len(new))) - {at for _, at in pairs})
    moved = _elsewhere(old, new, left, right)
    gone, come = {at for at, _ in moved}, {at for _, at in moved}
    left = [at for at in left if at not in gone]
    right = [at for at in right if at not in come]
    inside = _by_place(pairs, left, right)
    gone, come = {at for at, _ in inside}, {at for _, at in inside}
    return Alignment(
        start=start,
        kept=_later(start, sorted(pairs + inside)),
        moved=_later(start, moved),
        removed=[start + at for at in left if at not in gone],
        added=[start + at for at in right if at not in come],
        inside=_later(start, inside),
    )


def _unlike(before: Items, after: Items) -> tuple[int, int, int]:
    """Return from where to where in each the lists are not the same."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and _like(before[start], after[start]):
        start += 1
    old, new = len(before), len(after)
    while min(old, new) > start and _like(before[old - 1], after[new - 1]):
        old, new = old - 1, new - 1
    return start, old, new


def _like(one: Any, other: Any) -> bool:
    return one is other or (bool(one == other) and bits(one) == bits(other))


def _mark(item: Any) -> Hashable:
    """Return what equal items share, whatever the order of their names."""
    return text_of(item) if isinstance(item, dict | list) else bits(item)


def _elsewhere(
    old: Sequence[Hashable], new: Sequence[Hashable], left: list[int], right: list[int]
) -> Pairs:
    """Pair what is left of one with what is the same in the other, in turn."""
    places: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for at in left:
        places[old[at]].append(at)
    return [(places[new[at]].popleft(), at) for at in right if places.get(new[at])]


def _by_place(pairs: Pairs, left: list[int], right: list[int]) -> Pairs:
    """Pair what is left between the same two kept items, first with first."""
    gaps: defaultdict[int, deque[int]] = defaultdict(deque)
    for at in left:
        gaps[bisect_left(pairs, (at,))].append(at)
    ends = [at for _, at in pairs]
    found: Pairs = []
    for at in right:
        gap = gaps.get(bisect_left(ends, at))
        if gap:
            found.append((gap.popleft(), at))
    return found


def _later(start: int, pairs: Pairs) -> Pairs:
    return [(start + old, start + new) for old, new in pairs]
