"""What happens when two branches are merged: planned, resolved, committed."""

from typing import Literal

from core.events.base import JSON, Payload
from core.events.schema.runs import CheckpointRef


class MergePlanned(Payload):
    """Two heads were compared with their base; `plan` names the blob that tells how.

    Planned anew when a head has moved on.
    """

    type: Literal["merge.planned"] = "merge.planned"
    base: CheckpointRef
    ours: CheckpointRef
    theirs: CheckpointRef
    conflicts: tuple[str, ...]
    plan: str
    actor: str


class MergeResolved(Payload):
    """A person chose sides; `resolutions` maps conflict ids to what was chosen."""

    type: Literal["merge.resolved"] = "merge.resolved"
    resolutions: JSON
    actor: str


class MergeCommitted(Payload):
    """The merge is a run now, which goes on from a checkpoint with two parents."""

    type: Literal["merge.committed"] = "merge.committed"
    run_id: str
    checkpoint_id: str
    actor: str
