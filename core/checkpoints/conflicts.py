"""Where two states went different ways, and what each of them holds there."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from core.checkpoints.json_values import ABSENT, same, text_of
from core.events.base import JSON

SIDES = ("base", "ours", "theirs")
ID_DIGITS = 16


class Kind(StrEnum):
    """How the two sides disagree.

    `type`: both changed the value, to values of different JSON types. `order`: both
    moved the items of a keyed list, and no order satisfies both.
    """

    MODIFY_MODIFY = "modify/modify"
    ADD_ADD = "add/add"
    DELETE_MODIFY = "delete/modify"
    TYPE = "type"
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One disagreement: what base, ours and theirs hold at `path`, or ABSENT.

    `path` is a JSON pointer into the merged state, where the suggestion stands. No
    conflict lies inside another. `id` names the same disagreement whenever it is found.
    """

    id: str
    path: str
    kind: Kind
    base: Any
    ours: Any
    theirs: Any
    suggestion: Any

    @classmethod
    def of(cls, path: str, kind: Kind, sides: tuple[Any, Any, Any], hint: Any) -> Self:
        """Name the disagreement of `sides` (base, ours, theirs); suggest `hint`."""
        held = _present(zip(SIDES, sides, strict=True))
        named = text_of([path, kind, held]).encode()
        base, ours, theirs = sides
        return cls(
            id=hashlib.sha256(named).hexdigest()[:ID_DIGITS],
            path=path,
            kind=kind,
            base=base,
            ours=ours,
            theirs=theirs,
            suggestion=hint,
        )

    @property
    def sides(self) -> tuple[Any, Any, Any]:
        """Return what base, ours and theirs hold."""
        return self.base, self.ours, self.theirs

    def to_json(self) -> JSON:
        """Return the conflict as JSON; what is absent has no field, null is null."""
        named = {"id": self.id, "path": self.path, "kind": self.kind.value}
        values = (*zip(SIDES, self.sides, strict=True), ("suggestion", self.suggestion))
        return named | _present(values)

    @classmethod
    def from_json(cls, stored: JSON) -> Self:
        """Read what `to_json` wrote."""
        base, ours, theirs = (stored.get(side, ABSENT) for side in SIDES)
        return cls(
            id=stored["id"],
            path=stored["path"],
            kind=Kind(stored["kind"]),
            base=base,
            ours=ours,
            theirs=theirs,
            suggestion=stored.get("suggestion", ABSENT),
        )


def mirror(conflict: Conflict) -> Conflict:
    """Return the conflict as it is found when ours and theirs change places.

    The suggestion for an order is made up of both sides, ours first, and cannot be
    turned around: it stays.
    """
    base, ours, theirs = conflict.sides
    hint = conflict.suggestion
    if conflict.kind not in (Kind.DELETE_MODIFY, Kind.ORDER) and same(hint, ours):
        hint = theirs
    return Conflict.of(conflict.path, conflict.kind, (base, theirs, ours), hint)


def _present(values: Any) -> JSON:
    return {name: value for name, value in values if value is not ABSENT}
