"""The difference of nofx, as it is served, or, run with `unproven`, only its patch."""

import sys
from collections.abc import Sequence
from typing import Any

import jsonpatch
from typing_extensions import override

from core.checkpoints.diff.difference import NO_RULES, USUAL_LIMITS, difference, in_time
from core.checkpoints.diff.edits import Edits
from core.checkpoints.diff.operations import operations_of
from core.events.base import JSON
from tests.benchmarks.programs.peers import json_states


class Served:
    """All of it: the patch, the proof that it holds, the changes for people."""

    def find(self, before: Any, after: Any) -> Sequence[JSON]:
        """Return the operations."""
        return difference(before, after).operations

    def apply(self, before: Any, found: Sequence[JSON]) -> Any:
        """Return what the operations make of a state."""
        return jsonpatch.apply_patch(before, list(found), in_place=True)

    def count(self, found: Sequence[JSON]) -> int:
        """Return how many there are, tests included."""
        return len(found)


class Unproven(Served):
    """What jsonpatch does: the patch alone."""

    @override
    def find(self, before: Any, after: Any) -> Sequence[JSON]:
        """Return the operations."""
        edits = Edits(NO_RULES, USUAL_LIMITS, in_time)
        edits.walk((), (), before, after)
        return operations_of(edits.found, USUAL_LIMITS.operations) or []


if __name__ == "__main__":
    json_states.serve(Unproven() if "unproven" in sys.argv else Served())
