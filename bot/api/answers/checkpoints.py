"""Checkpoints as the API shows them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from bot.api.answers.base import Shown
from core.checkpoints.chain import CheckpointView


class CheckpointLine(Shown):
    """One checkpoint of a run, without its state."""

    checkpoint_id: str
    kind: str = Field(description="before, after, gate_failed, branch, merge, manual")
    step: str
    digest: str = Field(description="the SHA-256 of the state's canonical JSON")
    parents: list[str]
    artifacts: dict[str, str] = Field(description="digests of blobs, by their names")
    actor: str
    reason: str
    time: datetime
    seq: int = Field(description="the entry of the journal in which it stands")
    redacted: bool = Field(description="whether its state was erased for good")


class CheckpointList(Shown):
    """A run's checkpoints, oldest first."""

    checkpoints: list[CheckpointLine]

    @classmethod
    def of(cls, views: tuple[CheckpointView, ...]) -> "CheckpointList":
        """Return the list as the API shows it."""
        lines = [CheckpointLine.model_validate(one) for one in views]
        return cls(checkpoints=lines)


class CheckpointDetail(CheckpointLine):
    """One checkpoint with its state."""

    state: dict[str, Any] | None = Field(description="null when it was redacted")

    @classmethod
    def with_state(
        cls, view: CheckpointView, state: dict[str, Any] | None
    ) -> "CheckpointDetail":
        """Return the checkpoint as the API shows it."""
        line = CheckpointLine.model_validate(view)
        return cls(**line.model_dump(), state=state)
