"""What happens to programs in the sandbox."""

from typing import Literal

from core.events.base import Payload


class SandboxFinished(Payload):
    """A program that `step` ran in the sandbox ended; what it used, and why it ended.

    `isolation` names the walls around it, `killed_by` the limit that ended it, if one
    did; `exit_code` is null when a signal did. Seconds and bytes.
    """

    type: Literal["sandbox.finished"] = "sandbox.finished"
    step: str
    program: str
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    isolation: Literal["bubblewrap", "limits"]
    killed_by: Literal["timeout", "memory", "output", "cpu"] | None = None
    exit_code: int | None = None
