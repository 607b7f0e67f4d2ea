"""Walks two states side by side, and notes where they part."""

from collections.abc import Callable
from typing import Any, NamedTuple

from core.checkpoints.diff.exactly import exactly
from core.checkpoints.diff.lists import Alignment, aligned
from core.checkpoints.diff.model import DiffLimits, DiffRules
from core.checkpoints.json_values import ABSENT
from core.checkpoints.pointers import Tokens

PLAIN = frozenset({str, int, bool, type(None)})


class Edit(NamedTuple):
    """A value that came, went, or is another, at `path`; it was at `was`."""

    path: Tokens
    was: Tokens
    before: Any
    after: Any


class Reordered(NamedTuple):
    """A list whose items came, went or moved; edits inside the items follow."""

    path: Tokens
    was: Tokens
    before: list[Any]
    after: list[Any]
    items: Alignment


class Renamed(NamedTuple):
    """An object of whose names none stays; edits of the single names follow."""

    path: Tokens
    before: dict[str, Any]
    after: dict[str, Any]


Noted = Edit | Reordered | Renamed


class Edits:
    """The edits that lead from one state to another, in an order that can be followed.

    Paths are those of the later state: what is inside an item comes after the item has
    its place. Past the depth, or once it is late, values are replaced as they are; how
    many is told by `deep` and `late`.
    """

    def __init__(
        self, rules: DiffRules, limits: DiffLimits, is_late: Callable[[], bool]
    ) -> None:
        self._rules = rules
        self._depth = limits.depth
        self._is_late = is_late
        self.found: list[Noted] = []
        self.deep = 0
        self.late = 0

    def walk(self, path: Tokens, was: Tokens, before: Any, after: Any) -> None:
        """Note all edits at and below `path`."""
        kind = type(before)
        if kind is type(after) and (kind is dict or kind is list):
            if len(path) >= self._depth:
                self.deep += self._whole(path, was, before, after)
            elif self._is_late():
                self.late += self._whole(path, was, before, after)
            elif kind is dict:
                self._object(path, was, before, after)
            else:
                self._list(path, was, before, after)
        else:
            self._whole(path, was, before, after)

    def _whole(self, path: Tokens, was: Tokens, before: Any, after: Any) -> bool:
        differs = not exactly(before, after)
        if differs:
            self.found.append(Edit(path, was, before, after))
        return differs

    def _object(
        self, path: Tokens, was: Tokens, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        found = self.found
        if before and after and before.keys().isdisjoint(after):
            found.append(Renamed(path, before, after))
        for name, old in before.items():
            if name not in after:
                found.append(Edit((*path, name), (*was, name), old, ABSENT))
        for name, new in after.items():
            old = before.get(name, ABSENT)
            if old is not new:
                self._member((*path, name), (*was, name), old, new)

    def _member(self, path: Tokens, was: Tokens, old: Any, new: Any) -> None:
        kind = type(old)
        if kind is type(new) and kind in PLAIN:
            if old != new:
                self.found.append(Edit(path, was, old, new))
        elif not exactly(old, new):
            self.walk(path, was, old, new)

    def _list(
        self, path: Tokens, was: Tokens, before: list[Any], after: list[Any]
    ) -> None:
        items = aligned(before, after, self._rules.lists.identity(path))
        if items.steps:
            self.found.append(Reordered(path, was, before, after, items))
        for old, new in items.inside:
            there = (*path, str(new)), (*was, str(old))
            self.walk(*there, before[old], after[new])
