"""The values of a difference between two JSON states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.checkpoints.json_values import ABSENT
from core.checkpoints.merge_rules import MergeRules
from core.events.base import JSON

Kind = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRules:
    """What a pipeline declares of its state, for people who compare two of them.

    `lists` tells lists with an identity and texts apart; where it says nothing, lists
    of objects are matched by `id` or `path` if that is unique in both. `noise` are
    pointers, with `*` for any one step, to what changes without meaning anything:
    timestamps, leases.
    """

    lists: MergeRules = field(default_factory=MergeRules)
    noise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLimits:
    """How much of a difference is told; past it, it is said what was left out.

    `depth` counts levels below the root, `text` characters of one shown value or
    unified diff. After `seconds` what is left is replaced as a whole.
    """

    seconds: float = 5.0
    depth: int = 100
    operations: int = 20_000
    changes: int = 2_000
    text: int = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference for people, at a JSON pointer (RFC 6901) into the later state.

    What was removed or moved from names the place in the earlier state, as `from_`.
    `before` and `after` are ABSENT where there was nothing. `text` is a unified diff
    where both are texts of lines. `noise` says that it means nothing, `redacted` that
    one of the two was erased or masked, so that only the fact of a change is known.
    """

    path: str
    kind: Kind
    before: Any = ABSENT
    after: Any = ABSENT
    from_: str = ""
    text: str = ""
    noise: bool = False
    redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDiff:
    """The difference of two states.

    `operations` (RFC 6902, with `test`) lead from the earlier to the later: that was
    tried before anybody sees them. They are empty when `truncated` says that there were
    too many. `changes` tell the same to people; `counts` counts all of them by kind and
    `noise`, also those that were left out. `truncated` says what was left out, and why.
    """

    operations: tuple[JSON, ...]
    changes: tuple[Change, ...]
    counts: Mapping[str, int]
    truncated: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Return whether the two states are the same in every bit."""
        return not any(self.counts.values())
