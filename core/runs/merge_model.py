"""A merge of two branches as the fold of its events: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from core.errors import MergeNotFoundError
from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import GENESIS, Commit, Draft
from core.events.schema import CheckpointRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Where a merge stands: what it compares, what was chosen, and what came of it.

    `conflicts` are the ids of the plan's conflicts, `choices` maps those that are
    settled to what was chosen. `plan` is the digest of the blob with the whole plan.
    """

    id: str
    base: CheckpointRef
    ours: CheckpointRef
    theirs: CheckpointRef
    conflicts: tuple[str, ...]
    plan: str
    actor: str
    planned_at: datetime
    choices: JSON = field(default_factory=dict)
    run_id: str | None = None
    head_seq: int = 0
    head_hash: str = GENESIS

    @property
    def status(self) -> Literal["conflicts", "ready", "committed"]:
        """Return what the merge waits for, if for anything."""
        if self.run_id is not None:
            return "committed"
        left = set(self.conflicts) - set(self.choices)
        return "conflicts" if left else "ready"


def merge_stream(merge_id: str) -> str:
    """Return the stream in which a merge's events stand."""
    return f"merge/{merge_id}"


def fold(merge_id: str, commits: Iterable[Commit]) -> Merge:
    """Return what a merge's commits add up to; raises MergeNotFoundError."""
    merge: Merge | None = None
    for commit in commits:
        for event in commit.events:
            merge = _apply(merge_id, merge, event, commit.time)
        if merge is not None:
            merge = replace(merge, head_seq=commit.seq, head_hash=commit.stored_hash)
    if merge is None:
        raise MergeNotFoundError(merge_id=merge_id)
    return merge


def _apply(
    merge_id: str, merge: Merge | None, event: Payload, time: datetime
) -> Merge | None:
    match event:
        case schema.MergePlanned():
            # A plan made anew keeps what was chosen for conflicts that are still there.
            kept = merge.choices if merge is not None else {}
            return Merge(
                id=merge_id,
                base=event.base,
                ours=event.ours,
                theirs=event.theirs,
                conflicts=event.conflicts,
                plan=event.plan,
                actor=event.actor,
                planned_at=time,
                choices={key: kept[key] for key in event.conflicts if key in kept},
            )
        case schema.MergeResolved() if merge is not None:
            return replace(merge, choices={**merge.choices, **event.resolutions})
        case schema.MergeCommitted() if merge is not None:
            return replace(merge, run_id=event.run_id)
        case _:
            return merge


def draft(
    merge_id: str, merge: Merge | None, events: Sequence[Payload], now: datetime
) -> Draft:
    """Return the commit that appends `events` to a merge, or begins it."""
    return Draft(
        stream=merge_stream(merge_id),
        seq=merge.head_seq + 1 if merge else 1,
        time=now,
        events=tuple(events),
        prev_hash=merge.head_hash if merge else GENESIS,
    )
