"""What a person can do next with a run, as commands to copy."""

from collections.abc import Iterator, Mapping, Sequence

from bot.api.answers.runs import RunDetail
from core.runs.states import Status

REASON = '--reason "why"'
# What lets a run pass a gate, by where the gate stands.
DECISIONS: Mapping[str, Sequence[str]] = {
    "failed": (f"waive RUN GATE {REASON}", "retry RUN GATE"),
    "rejected": (f"waive RUN GATE {REASON}", "retry RUN GATE"),
    "waiting_approval": ("approve RUN GATE", f"reject RUN GATE {REASON}"),
}
OTHERWISE: Mapping[Status, Sequence[str]] = {
    Status.PAUSED: ("resume RUN",),
    Status.FAILED: ("rerun RUN",),
    Status.DEAD: ("rerun RUN",),
}
HELD = frozenset({Status.GATE_FAILED, Status.WAITING_GATE})


def ways(found: RunDetail) -> tuple[str, ...]:
    """Return the commands that a run which stands still waits for."""
    commands = OTHERWISE.get(found.status, ())
    if found.status in HELD:
        commands = tuple(_decisions(found))
    return tuple(f"nofx runs {one.replace('RUN', found.id)}" for one in commands)


def _decisions(found: RunDetail) -> Iterator[str]:
    for gate in found.gates:
        for one in DECISIONS.get(gate.status, ()):
            yield one.replace("GATE", gate.name)
