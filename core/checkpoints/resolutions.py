"""Settle a merge's conflicts: one choice each, ours, theirs, the base or a value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.checkpoints.conflicts import Conflict
from core.checkpoints.json_values import ABSENT, check_json
from core.checkpoints.merge import Merged
from core.checkpoints.pointers import tokens_of
from core.errors import (
    StateNotJsonError,
    UnknownChoiceError,
    UnknownConflictError,
    UnresolvedConflictsError,
)
from core.events.base import JSON

SIDES = ("ours", "theirs", "base", "suggestion")

# One of SIDES, or {"value": …} with what shall stand there.
Choice = str | Mapping[str, Any]


def check_choices(conflicts: Iterable[Conflict], choices: Mapping[str, Choice]) -> None:
    """Refuse choices that fit no conflict, or that cannot be made.

    Raises UnknownConflictError, UnknownChoiceError, and what `check_json` raises.
    """
    known = {conflict.id: conflict for conflict in conflicts}
    for conflict_id, choice in choices.items():
        if conflict_id not in known:
            raise UnknownConflictError(conflict_id=conflict_id)
        _chosen(known[conflict_id], choice)


def unresolved(
    conflicts: Iterable[Conflict], choices: Mapping[str, Choice]
) -> tuple[Conflict, ...]:
    """Return the conflicts for which nothing was chosen yet."""
    return tuple(conflict for conflict in conflicts if conflict.id not in choices)


def refuse_open(conflicts: Sequence[Conflict], choices: Mapping[str, Choice]) -> None:
    """Raise UnresolvedConflictsError while a choice is missing; as `check_choices`."""
    check_choices(conflicts, choices)
    left = unresolved(conflicts, choices)
    if left:
        raise UnresolvedConflictsError(
            count=len(left),
            conflicts=", ".join(f"{one.id} at {one.path}" for one in left),
        )


def resolve(merged: Merged, choices: Mapping[str, Choice]) -> JSON:
    """Return the merged state with what was chosen at each conflict's place.

    Raises what `refuse_open` raises.
    """
    refuse_open(merged.conflicts, choices)
    root = _Edits()
    for conflict in merged.conflicts:
        root.add(tokens_of(conflict.path), _chosen(conflict, choices[conflict.id]))
    state: JSON = root.applied(merged.state)
    check_json(state)
    return state


def _chosen(conflict: Conflict, choice: Choice) -> Any:
    if isinstance(choice, str):
        if choice not in SIDES:
            raise UnknownChoiceError(choice=repr(choice), conflict_id=conflict.id)
        return getattr(conflict, choice)
    if choice.keys() != {"value"}:
        raise UnknownChoiceError(choice=str(sorted(choice)), conflict_id=conflict.id)
    check_json(choice["value"])
    _refuse_unnameable(choice["value"])
    return choice["value"]


def _refuse_unnameable(value: Any) -> None:
    """Refuse names that the journal, where choices are kept, cannot write."""
    if isinstance(value, dict):
        if any("\0" in name for name in value):
            raise StateNotJsonError(reason="the name of a field holds a NUL")
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        _refuse_unnameable(inner)


@dataclass(slots=True)
class _Edits:
    """The values to put below one place, by the next step of the way there."""

    inner: dict[str, "_Edits"] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, tokens: Sequence[str], value: Any) -> None:
        """Note that `value` stands where `tokens` lead to."""
        here = self
        for token in tokens[:-1]:
            here = here.inner.setdefault(token, _Edits())
        here.values[tokens[-1]] = value

    def applied(self, whole: Any) -> Any:
        """Return `whole` with the values put in and the absent ones taken out."""
        if isinstance(whole, list):
            items = [self._at(str(i), item) for i, item in enumerate(whole)]
            return [item for item in items if item is not ABSENT]
        fields = {key: self._at(key, value) for key, value in whole.items()}
        return {key: value for key, value in fields.items() if value is not ABSENT}

    def _at(self, token: str, value: Any) -> Any:
        if token in self.values:
            return self.values[token]
        inner = self.inner.get(token)
        return value if inner is None else inner.applied(value)
