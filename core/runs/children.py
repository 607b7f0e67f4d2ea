"""What the programs that a step ran in the sandbox used, as events; pure."""

from collections.abc import Sequence

from core.events.schema import SandboxFinished
from core.sandbox import Seen


def children_ended(step: str, seen: Sequence[Seen]) -> tuple[SandboxFinished, ...]:
    """Return an event for each child that ended while `step` was worked on."""
    return tuple(
        SandboxFinished(
            step=step,
            program=one.program,
            cpu_seconds=round(one.outcome.cpu_seconds, 6),
            wall_seconds=round(one.outcome.wall_seconds, 6),
            peak_memory_bytes=one.outcome.peak_memory_bytes,
            isolation=one.outcome.isolation,
            killed_by=one.outcome.killed_by,
            exit_code=one.outcome.exit_code,
        )
        for one in seen
    )
