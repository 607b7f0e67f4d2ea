"""A run's checkpoints as its commits tell them: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.events import schema
from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointView:
    """One checkpoint; `state` is there when it stands inline in its commit.

    `parents` are checkpoint ids, of this run or of the runs that it goes on from. A
    `redacted` one has lost its state for good. `seq` is that of its commit.
    """

    checkpoint_id: str
    kind: Kind
    step: str
    digest: str
    parents: tuple[str, ...]
    artifacts: dict[str, str]
    seq: int
    time: datetime
    actor: str
    reason: str
    state: JSON | None
    redacted: bool


def checkpoints_of(commits: Iterable[Commit]) -> tuple[CheckpointView, ...]:
    """Return the checkpoints of a stream's commits, oldest first."""
    listed = list(commits)
    redacted = {
        event.digest
        for commit in listed
        for event in commit.events
        if isinstance(event, schema.CheckpointRedacted)
    }
    return tuple(
        CheckpointView(
            checkpoint_id=event.checkpoint_id,
            kind=event.kind,
            step=event.step,
            digest=event.digest,
            parents=event.parents,
            artifacts=dict(event.artifacts),
            seq=commit.seq,
            time=commit.time,
            actor=event.actor,
            reason=event.reason,
            state=None if event.digest in redacted else commit.state,
            redacted=event.digest in redacted,
        )
        for commit in listed
        for event in commit.events
        if isinstance(event, schema.CheckpointCaptured)
    )
