"""What happens to runs as a whole: asked for, begun, moved, branched, replaced."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from core.events.base import JSON, Move, Payload

Origin = Literal["rerun", "branch", "merge", "dry_run"]


class CheckpointRef(BaseModel):
    """A checkpoint of a run, named from outside of it."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    checkpoint_id: str


class RunRequested(Payload):
    """A pull request's head is to be reviewed; the pull's stream decides which run.

    `request_id` names what asked (a delivery, a comment), so that asking again with the
    same name changes nothing.
    """

    type: Literal["pull.run_requested"] = "pull.run_requested"
    run_id: str
    head_sha: str
    request_id: str
    reason: str
    supersedes: tuple[str, ...] = ()


class RunMove(Move):
    """A run's status changes."""

    machine: ClassVar[str] = "run"


class RunCreated(RunMove):
    """A run begins to be, with all that it will need to know of its cause."""

    transitions: ClassVar[frozenset[str]] = frozenset({"enqueue"})
    type: Literal["run.created"] = "run.created"
    repository: str
    pull: int
    head_sha: str
    base_sha: str | None = None
    installation_id: int | None = None
    pipeline: str
    reason: str
    requested_by: str
    priority: int = 0


class RunStateChanged(RunMove):
    """A run moved; who moved it, why, and until when it is held or put off.

    A claim names the `program` of the worker, as `nofx/0.1.0 python/3.11.7 linux`.
    """

    transitions: ClassVar[frozenset[str]] = frozenset(
        {
            *("claim", "open_gate", "pass_gate", "reject_gate", "retry_gate"),
            *("abandon", "back_off", "wait_turn", "due", "lose_lease", "pause"),
            *("resume", "request_cancel", "finish_cancel", "cancel"),
            *("succeed", "fail", "exhaust"),
        }
    )
    type: Literal["run.state_changed"] = "run.state_changed"
    actor: str
    reason: str = ""
    due_at: str | None = None
    program: str = ""


class RunSuperseded(Payload):
    """A newer head, or a newer wish, has taken this run's place."""

    type: Literal["run.superseded"] = "run.superseded"
    by_run: str
    head_sha: str


class BranchCreated(Payload):
    """A run goes on from checkpoints of other runs; it stands in its first commit.

    A dry run goes on from none, and says by this that it publishes nothing. `family` is
    the run that all of them descend from. `overrides` are settings that differ from the
    service's. Without `publish` it says nothing at GitHub.
    """

    type: Literal["branch.created"] = "branch.created"
    origin: Origin
    parents: tuple[CheckpointRef, ...]
    family: str
    overrides: JSON
    publish: bool
    actor: str
    reason: str


class BranchMerged(Payload):
    """A run that has not ended was merged with another; it may itself go on.

    Appended where the merge saw the run's head, so that a run that moved on meanwhile
    is noticed.
    """

    type: Literal["branch.merged"] = "branch.merged"
    merge_id: str
