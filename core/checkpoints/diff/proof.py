"""Tries whether operations lead from one state to another, by a library of others."""

from collections.abc import Sequence
from typing import Any

from jsonpatch import JsonPatch, JsonPatchException
from jsonpointer import JsonPointerException

from core.checkpoints.diff.exactly import exactly
from core.checkpoints.pointers import Tokens, tokens_of
from core.errors.rca import DiffUnprovenError
from core.events.base import JSON

STATES = {"before": "the earlier state", "after": "the later state"}


def prove(before: Any, operations: Sequence[JSON], after: Any) -> None:
    """Raise DiffUnprovenError unless `operations` make `after` of `before`.

    Neither is changed: what an operation touches is copied first, and nothing else.
    """
    made, own, last = before, set[int](), ""
    try:
        for operation in operations:
            if operation["op"] != "test":
                # Items move within one list, so `from` leads to the same.
                parent = operation["path"].rpartition("/")[0]
                if parent != last or not own:
                    made = _owned(made, tokens_of(parent), own)
                    last = parent
            made = JsonPatch.operations[operation["op"]](operation).apply(made)
    except (JsonPatchException, JsonPointerException) as error:
        raise DiffUnprovenError(**STATES, reason=str(error)[:200]) from error
    if not exactly(made, after):
        raise DiffUnprovenError(**STATES, reason="it leads to another state")


def _owned(state: Any, tokens: Tokens, own: set[int]) -> Any:
    """Return `state` with all that `tokens` lead through copied, once.

    Where they lead nowhere, the library is left to say so.
    """
    state = place = _copied(state, own)
    for token in tokens:
        try:
            at = int(token) if isinstance(place, list) else token
            place[at] = _copied(place[at], own)
        except (LookupError, TypeError, ValueError):
            break
        place = place[at]
    return state


def _copied(value: Any, own: set[int]) -> Any:
    if id(value) in own or not isinstance(value, dict | list):
        return value
    value = value.copy()
    own.add(id(value))
    return value
