"""What happens to checkpoints: captured with a state, and redacted."""

from typing import Literal

from pydantic import Field

from core.events.base import Payload

Kind = Literal["before", "after", "gate_failed", "merge", "manual", "branch"]


class CheckpointCaptured(Payload):
    """The run's state at this point, named by its SHA-256.

    `actor` and `reason` are those of a person who took a `manual` one.
    """

    type: Literal["checkpoint.captured"] = "checkpoint.captured"
    checkpoint_id: str
    kind: Kind
    step: str
    digest: str
    parents: tuple[str, ...] = ()
    artifacts: dict[str, str] = Field(default_factory=dict)
    actor: str = ""
    reason: str = ""


class CheckpointRedacted(Payload):
    """A state was erased for good; its digest stays, so that the chain still proves."""

    type: Literal["checkpoint.redacted"] = "checkpoint.redacted"
    checkpoint_id: str
    digest: str
    actor: str
    reason: str
