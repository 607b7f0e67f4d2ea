"""The order of a list's items after a merge: each side's moves and additions."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.checkpoints.json_values import ABSENT, same, text_of
from core.checkpoints.merge_rules import BY_PAIR, Identity

PAIR = 2

# The items of one list by the text of what identifies them, in the list's order.
Items = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """The identities of the merged list; `agreed` is False when ours overruled theirs.

    An agreed order is the same when ours and theirs change places.
    """

    keys: tuple[str, ...]
    agreed: bool


def keyed(items: Sequence[Any], identity: Identity) -> Items | None:
    """Return the items by identity, None when one has none or two share one."""
    found: dict[str, Any] = {}
    for item in items:
        key = _key(item, identity)
        if key is ABSENT:
            return None
        found[text_of(key)] = item
    return found if len(found) == len(items) else None


def merged_order(base: Items, ours: Items, theirs: Items) -> Order:
    """Order what both have as the side that moved it does, and the rest around that.

    What one side alone has stays behind the item that it follows there, unless it is
    in the base unchanged: then the other side deleted it.
    """
    spine = _agreed_spine(base, ours, theirs)
    agreed = spine is not None
    if spine is None:
        spine = _within(ours, theirs)
    runs = (_runs(ours, theirs, base), _runs(theirs, ours, base))
    keys: list[str] = []
    for anchor in (None, *spine):
        if anchor is not None:
            keys.append(anchor)
        # Both inserted here: whoever has the smaller name goes first, on either side.
        for run in sorted(side.get(anchor, []) for side in runs):
            keys.extend(run)
    return Order(tuple(keys), agreed)


def _key(item: Any, identity: Identity) -> Any:
    part = identity.part
    if part is None:
        return item
    if identity == BY_PAIR:
        is_pair = isinstance(item, list) and len(item) == PAIR
        return item[0] if is_pair else ABSENT
    return item.get(part, ABSENT) if isinstance(item, dict) else ABSENT


def _agreed_spine(base: Items, ours: Items, theirs: Items) -> list[str] | None:
    """Return the order of the items that both sides have, None when they disagree."""
    our_order, their_order = _within(ours, theirs), _within(theirs, ours)
    if our_order == their_order:
        return our_order
    if _without(our_order, base) != _without(their_order, base):
        return None
    before = _within(_within(base, ours), theirs)
    we_moved = _within(our_order, base) != before
    they_moved = _within(their_order, base) != before
    if we_moved == they_moved:
        return None
    return our_order if we_moved else their_order


def _within(keys: Iterable[str], others: Container[str]) -> list[str]:
    return [key for key in keys if key in others]


def _without(keys: Iterable[str], others: Container[str]) -> list[str]:
    return [key for key in keys if key not in others]


def _runs(side: Items, other: Items, base: Items) -> dict[str | None, list[str]]:
    """Return what only `side` has, by the shared item that it follows."""
    runs: dict[str | None, list[str]] = {}
    anchor: str | None = None
    for key, item in side.items():
        if key in other:
            anchor = key
        elif not same(item, base.get(key, ABSENT)):
            runs.setdefault(anchor, []).append(key)
    return runs
