"""Writes edits as a patch (RFC 6902) that can be followed from first to last."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Any

from core.checkpoints.diff.edits import Edit, Noted, Renamed, Reordered
from core.checkpoints.json_values import ABSENT
from core.checkpoints.pointers import Tokens, pointer
from core.events.base import JSON

# What replacing a list as a whole takes: a test and a replacement.
REPLACEMENT = 2
# One list may take this part of all the operations there may be.
PART = 4


def operations_of(edits: Iterable[Noted], most: int) -> list[JSON] | None:
    """Return the operations with their tests, None when they are more than `most`.

    An object or a list of which nothing stays is replaced as a whole, and so is a list
    that takes more than a quarter of `most`.
    """
    found: list[JSON] = []
    covered: Tokens | None = None
    for edit in edits:
        if covered is not None and edit.path[: len(covered)] == covered:
            continue
        covered = None
        if isinstance(edit, Edit):
            _value(found, pointer(edit.path), edit.before, edit.after)
        elif isinstance(edit, Renamed) or _is_new(edit, most):
            covered = edit.path
            _value(found, pointer(edit.path), edit.before, edit.after)
        else:
            found += _reorder(edit)
        if len(found) > most:
            return None
    return found


def _value(found: list[JSON], path: str, before: Any, after: Any) -> None:
    if before is ABSENT:
        found.append({"op": "add", "path": path, "value": after})
        return
    found.append({"op": "test", "path": path, "value": before})
    if after is ABSENT:
        found.append({"op": "remove", "path": path})
    else:
        found.append({"op": "replace", "path": path, "value": after})


def _is_new(edit: Reordered, most: int) -> bool:
    items = edit.items
    takes = len(items.added) + 2 * (len(items.removed) + len(items.moved))
    stays = len(edit.before) - len(items.removed)
    return takes > REPLACEMENT and (not stays or takes > most // PART)


def _reorder(edit: Reordered) -> Iterator[JSON]:
    """Yield what removes items, the last first, and then puts others in their places.

    While that is done, from the first place to the last, what is still to move stands
    among what has its place already, and shifts it: `waiting` are those, by where they
    were at first.
    """
    path, items = pointer(edit.path), edit.items
    for at in reversed(items.removed):
        yield {"op": "test", "path": f"{path}/{at}", "value": edit.before[at]}
        yield {"op": "remove", "path": f"{path}/{at}"}
    came_from = {new: old for old, new in items.moved}
    waiting = sorted(came_from.values())
    kept_old = [old for old, _ in items.kept]
    kept_new = [new for _, new in items.kept]
    for new in merge(items.added, (new for _, new in items.moved)):
        settled = bisect_left(kept_new, new)
        old = came_from.get(new)
        source = -1
        if old is not None:
            following = bisect_left(kept_old, old)
            source = new + following - settled
            if following < settled:
                source = kept_new[following]
            at = bisect_left(waiting, old)
            source += at
            del waiting[at]
        target = new
        if settled:
            target += bisect_left(waiting, kept_old[settled - 1])
        place, there = f"{path}/{target}", f"{path}/{source}"
        if old is None:
            yield {"op": "add", "path": place, "value": edit.after[new]}
        elif source != target:
            yield {"op": "test", "path": there, "value": edit.before[old]}
            yield {"op": "move", "from": there, "path": place}
