"""What a process of its own is asked for a difference, and what it answers: JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.checkpoints.diff.model import Change, DiffLimits, DiffRules, StateDiff
from core.checkpoints.json_values import ABSENT
from core.checkpoints.merge_rules import Identity, MergeRules
from core.errors.rca import DiffUnprovenError
from core.events.base import JSON

SIDES = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Two states, and how they are to be compared."""

    before: Any
    after: Any
    rules: DiffRules
    limits: DiffLimits

    def written(self) -> bytes:
        """Return it as bytes; 1 and 1.0 stay apart."""
        lists = self.rules.lists
        asked = {
            "before": self.before,
            "after": self.after,
            "identities": {at: one.part for at, one in lists.identities.items()},
            "texts": lists.texts,
            "noise": self.rules.noise,
            "limits": asdict(self.limits),
        }
        return json.dumps(asked, separators=(",", ":")).encode()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `written` wrote."""
        asked = json.loads(data)
        identities = {at: Identity(part) for at, part in asked["identities"].items()}
        lists = MergeRules(identities=identities, texts=tuple(asked["texts"]))
        return cls(
            before=asked["before"],
            after=asked["after"],
            rules=DiffRules(lists=lists, noise=tuple(asked["noise"])),
            limits=DiffLimits(**asked["limits"]),
        )


def written(found: StateDiff) -> bytes:
    """Return a difference as bytes."""
    answer = {
        "operations": found.operations,
        "changes": list(map(_change, found.changes)),
        "counts": dict(found.counts),
        "truncated": found.truncated,
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def unproven(error: DiffUnprovenError) -> bytes:
    """Return, as bytes, that a difference does not hold."""
    return json.dumps({"unproven": error.facts}).encode()


def read(data: bytes) -> StateDiff:
    """Read an answer; raises DiffUnprovenError if that is what it says."""
    answer = json.loads(data)
    if "unproven" in answer:
        raise DiffUnprovenError(**answer["unproven"])
    return StateDiff(
        operations=tuple(answer["operations"]),
        changes=tuple(Change(**one) for one in answer["changes"]),
        counts=answer["counts"],
        truncated=tuple(answer["truncated"]),
    )


def _change(change: Change) -> JSON:
    """Return the fields; a side with nothing is left out, for null is a value."""
    fields: Mapping[str, Any] = {
        name: getattr(change, name) for name in Change.__dataclass_fields__
    }
    return {
        name: value
        for name, value in fields.items()
        if not (name in SIDES and value is ABSENT)
    }
