"""Merge two states that came from one, and lose nothing: pure."""

from dataclasses import dataclass, field
from typing import Any

from core.checkpoints.conflicts import Conflict, Kind
from core.checkpoints.json_values import (
    ABSENT,
    JsonType,
    check_json,
    json_type,
    same,
)
from core.checkpoints.merge_lists import Items, keyed, merged_order
from core.checkpoints.merge_rules import BY_PAIR, Identity, MergeRules
from core.checkpoints.merge_text import merge_text
from core.checkpoints.pointers import Tokens, pointer
from core.events.base import JSON

Sides = tuple[Any, Any, Any]

NO_RULES = MergeRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A whole state, and by path the places in it where a person has to choose.

    Until then the suggestion stands there: ours, or what one side kept when the other
    deleted it.
    """

    state: JSON
    conflicts: tuple[Conflict, ...]


def merge(base: JSON, ours: JSON, theirs: JSON, rules: MergeRules = NO_RULES) -> Merged:
    """Take what either side changed since `base`; report where both did, differently.

    Objects merge by key, lists and texts as `rules` declare, all else as a whole.
    Raises StateTooDeepError and StateNotJsonError for what no checkpoint can hold.
    """
    for side in (base, ours, theirs):
        check_json(side)
    merging = _Merging(rules)
    state: JSON = merging.value((), (base, ours, theirs))
    found = sorted(merging.conflicts, key=lambda conflict: conflict.path)
    return Merged(state=state, conflicts=tuple(found))


@dataclass(frozen=True, slots=True)
class _Merging:
    """One merge under way: the conflicts that it has met so far."""

    rules: MergeRules
    conflicts: list[Conflict] = field(default_factory=list)

    def value(self, path: Tokens, sides: Sides) -> Any:
        """Return the merged value at `path`, or ABSENT."""
        base, ours, theirs = sides
        if same(ours, theirs) or same(theirs, base):
            return ours
        if same(ours, base):
            return theirs
        return self._inside(path, sides)

    def _inside(self, path: Tokens, sides: Sides) -> Any:
        """Merge what both changed part by part, where it has parts."""
        match _shared_type(sides):
            case JsonType.OBJECT:
                return self._object(path, sides)
            case JsonType.ARRAY if identity := self.rules.identity(path):
                return self._list(path, sides, identity)
            case JsonType.STRING if self.rules.is_text(path):
                return self._text(path, sides)
            case _:
                return self._conflict(path, sides)

    def _object(self, path: Tokens, sides: Sides) -> JSON:
        objects = [{} if side is ABSENT else side for side in sides]
        base, ours, theirs = objects
        merged = {
            key: self.value(
                (*path, key),
                (base.get(key, ABSENT), ours.get(key, ABSENT), theirs.get(key, ABSENT)),
            )
            for key in {**base, **ours, **theirs}
        }
        return {key: value for key, value in merged.items() if value is not ABSENT}

    def _list(self, path: Tokens, sides: Sides, identity: Identity) -> list[Any]:
        base, ours, theirs = (
            keyed([] if side is ABSENT else side, identity) for side in sides
        )
        if base is None or ours is None or theirs is None:
            whole: list[Any] = self._conflict(path, sides)
            return whole
        order = merged_order(base, ours, theirs)
        # What is inside a list whose order is in question is shown with that question.
        inner = self if order.agreed else _Merging(self.rules)
        merged = [
            inner.item((*path, str(index)), _at(key, base, ours, theirs), identity)
            for index, key in enumerate(order.keys)
        ]
        if not order.agreed:
            self._report(path, Kind.ORDER, sides, merged)
        return merged

    def item(self, path: Tokens, sides: Sides, identity: Identity) -> Any:
        """Return one merged item of a keyed list."""
        if identity != BY_PAIR or ABSENT in sides:
            return self.value(path, sides)
        base, ours, theirs = sides
        return [ours[0], self.value((*path, "1"), (base[1], ours[1], theirs[1]))]

    def _text(self, path: Tokens, sides: Sides) -> Any:
        merged = None if ABSENT in sides else merge_text(*sides)
        return self._conflict(path, sides) if merged is None else merged

    def _conflict(self, path: Tokens, sides: Sides) -> Any:
        _, ours, theirs = sides
        kept = theirs if ours is ABSENT else ours
        return self._report(path, _kind(sides), sides, kept)

    def _report(self, path: Tokens, kind: Kind, sides: Sides, kept: Any) -> Any:
        self.conflicts.append(Conflict.of(pointer(path), kind, sides, kept))
        return kept


def _at(key: str, base: Items, ours: Items, theirs: Items) -> Sides:
    return base.get(key, ABSENT), ours.get(key, ABSENT), theirs.get(key, ABSENT)


def _shared_type(sides: Sides) -> JsonType | None:
    """Return the type that all present sides have; both ours and theirs must be."""
    base, ours, theirs = sides
    kind = json_type(ours)
    if json_type(theirs) is not kind or (
        base is not ABSENT and json_type(base) != kind
    ):
        return None
    return kind


def _kind(sides: Sides) -> Kind:
    base, ours, theirs = sides
    if ABSENT in (ours, theirs):
        return Kind.DELETE_MODIFY
    if base is ABSENT:
        return Kind.ADD_ADD
    if json_type(ours) is not json_type(theirs):
        return Kind.TYPE
    return Kind.MODIFY_MODIFY
