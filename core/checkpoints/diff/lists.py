"""Which items of two lists are the same item: by identity, by content, by place."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from core.checkpoints.diff.exactly import Pairs, bits, unlike
from core.checkpoints.diff.sequences import in_turn, rising, shared
from core.checkpoints.json_values import ABSENT, Absent, text_of
from core.checkpoints.merge_lists import PAIR
from core.checkpoints.merge_rules import BY_PAIR, BY_VALUE, Identity, by_field

Items = Sequence[Any]
Keys = list[Hashable]

# What tells objects in a list apart when nothing is declared: the first that does.
AUTOMATIC = (by_field("id"), by_field("path"))
AUTOMATIC_KINDS = {str, int, float}


class Alignment(NamedTuple):
    """How the items of an earlier list became those of a later one, by their places.

    `kept` are pairs that rise in both, `moved` are pairs that do not, `inside` are
    those of both that may differ in their contents.
    """

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
    for one in (identity,) if identity else AUTOMATIC:
        old = _keys(before, one, declared=identity is not None)
        new = _keys(after, one, declared=identity is not None) if old else None
        if old and new:
            return _by_keys(before, after, old, new)
    return _by_content(before, after)


def _keys(items: Items, identity: Identity, *, declared: bool) -> Keys | None:
    """Return what identifies each item, None when one has nothing or two share it."""
    keys = _parts(items, identity)
    kinds = set(map(type, keys))
    if kinds != {str}:
        if Absent in kinds or not (declared or kinds <= AUTOMATIC_KINDS):
            return None
        if not declared and len(set(keys)) < len(keys):
            return None
        # No string is equal to a tuple, nor are 1 and 1.0 as they are written.
        keys = [key if type(key) is str else (_written(key),) for key in keys]
    return keys if len(set(keys)) == len(keys) else None


def _written(key: Any) -> str:
    return repr(key) if type(key) in (int, float) else text_of(key)


def _parts(items: Items, identity: Identity) -> list[Any]:
    """Return the part of each item that identifies it, or ABSENT."""
    if identity == BY_VALUE:
        return list(items)
    if identity == BY_PAIR:
        return [
            one[0] if type(one) is list and len(one) == PAIR else ABSENT
            for one in items
        ]
    part = identity.part
    return [one.get(part, ABSENT) if type(one) is dict else ABSENT for one in items]


def _by_keys(before: Items, after: Items, old: Keys, new: Keys) -> Alignment:
    places = {key: at for at, key in enumerate(old)}
    pairs = [(places[key], at) for at, key in enumerate(new) if key in places]
    spine = rising([one for one, _ in pairs])
    kept, moved = pairs, Pairs()
    if len(spine) < len(pairs):
        kept = [pairs[at] for at in spine]
        stays = set(spine)
        moved = [pair for at, pair in enumerate(pairs) if at not in stays]
    there = set(new)
    return Alignment(
        kept=kept,
        moved=moved,
        removed=[at for at, key in enumerate(old) if key not in there],
        added=[at for at, key in enumerate(new) if key not in places],
        inside=unlike(before, after, kept) + unlike(before, after, moved),
    )


def _by_content(before: Items, after: Items) -> Alignment:
    old, new = _marks(before, after)
    kept = shared(old, new)
    left = sorted(set(range(len(old))).difference(at for at, _ in kept))
    right = sorted(set(range(len(new))).difference(at for _, at in kept))
    moved = in_turn(old, new, left, right)
    left, right = _without(left, right, moved)
    inside = _by_place(kept, left, right)
    left, right = _without(left, right, inside)
    if inside:
        kept = sorted(kept + inside)
    return Alignment(kept=kept, moved=moved, removed=left, added=right, inside=inside)


def _marks(before: Items, after: Items) -> tuple[list[Hashable], list[Hashable]]:
    """Return what equal items share; names may be in another order."""
    old: list[Hashable] = list(map(bits, before))
    new: list[Hashable] = list(map(bits, after))
    one, other = set(old), set(new)
    for marks, items, others in ((old, before, other), (new, after, one)):
        for at, item in enumerate(items):
            if marks[at] not in others and isinstance(item, dict | list):
                marks[at] = text_of(item)
    return old, new


def _without(
    left: list[int], right: list[int], pairs: Pairs
) -> tuple[list[int], list[int]]:
    gone, come = {at for at, _ in pairs}, {at for _, at in pairs}
    return (
        [at for at in left if at not in gone],
        [at for at in right if at not in come],
    )


def _by_place(kept: Pairs, left: list[int], right: list[int]) -> Pairs:
    """Pair what is left between the same two kept items, first with first."""
    gaps: defaultdict[int, deque[int]] = defaultdict(deque)
    for at in left:
        gaps[bisect_left(kept, (at,))].append(at)
    ends = [at for _, at in kept]
    found: Pairs = []
    for at in right:
        gap = gaps.get(bisect_left(ends, at))
        if gap:
            found.append((gap.popleft(), at))
    return found
