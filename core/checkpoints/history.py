"""The checkpoints of a run as its history has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import CheckpointCaptured, CheckpointRedacted


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointEntry:
    """One checkpoint: where it stands, what it follows, and its state's digest.

    `inline` is the state when it was small enough for the journal. A `redacted` one
    has lost its state for good. `actor` and `reason` are those of a manual one.
    """

    id: str
    kind: str
    step: str
    digest: str
    parents: tuple[str, ...]
    artifacts: Mapping[str, str]
    actor: str
    reason: str
    seq: int
    at: datetime
    inline: JSON | None
    redacted: bool = False


def checkpoints_in(commits: Iterable[Commit]) -> tuple[CheckpointEntry, ...]:
    """Return the checkpoints that a run's commits hold, oldest first."""
    found: list[tuple[CheckpointCaptured, Commit]] = []
    erased: set[str] = set()
    for commit in commits:
        for event in commit.events:
            if isinstance(event, CheckpointCaptured):
                found.append((event, commit))
            elif isinstance(event, CheckpointRedacted):
                erased.add(event.digest)
    return tuple(_entry(event, commit, erased) for event, commit in found)


def _entry(
    event: CheckpointCaptured, commit: Commit, erased: set[str]
) -> CheckpointEntry:
    redacted = event.digest in erased
    return CheckpointEntry(
        id=event.checkpoint_id,
        kind=event.kind,
        step=event.step,
        digest=event.digest,
        parents=event.parents,
        artifacts=event.artifacts,
        actor=event.actor,
        reason=event.reason,
        seq=commit.seq,
        at=commit.time,
        inline=None if redacted else commit.state,
        redacted=redacted,
    )
