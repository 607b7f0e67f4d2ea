"""A run as the fold of its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.events.base import JSON, Payload
from core.events.commit import GENESIS
from core.events.schema import CheckpointRef
from core.runs.states import RUN, Status

TRAIL = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a run is about: a head of a pull request, and who asked why.

    `pull` is 0 for a change that is on no GitHub, as in a dry run.
    """

    repository: str
    pull: int
    head_sha: str
    base_sha: str | None = None
    installation_id: int | None = None
    pipeline: str = "review"
    reason: str = "push"
    requested_by: str = "nofx"
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A write to GitHub as far as it has come; `result` is there once performed.

    `from_run` names the run that made it, when this one only goes on from that.
    """

    status: str
    kind: str
    digest: str
    step: str = ""
    result: JSON | None = None
    from_run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where a gate stands, its last verdict and the reason that was shown.

    `asked_at` is when it was last put before people.
    """

    status: str
    conclusion: str | None = None
    reason: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person decided about a gate: for which head, why and when."""

    gate: str
    decision: str
    actor: str
    reason: str
    head_sha: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that the events of one run add up to.

    `fence` counts the claims and losses of it: whoever holds a smaller number than the
    last claim's no longer writes. `state` is the last checkpoint's when it was stored
    inline; `state_digest` names it always. `family` is the run that it descends from by
    branching, itself when by none; without `publish` it says nothing at GitHub.
    `queued_at` is when it was last queued by its request or by a person, from which its
    deadline counts. `redacted` are the digests of states that were erased.
    `fingerprint` is that of the last error that ended a try. Times are UTC.
    """

    id: str
    subject: Subject
    created_at: datetime
    status: Status
    trail: tuple[Status, ...]
    head_seq: int
    head_hash: str = GENESIS
    fence: int = 0
    owner: str | None = None
    due_at: datetime
    queued_at: datetime
    family: str
    origin: str = "request"
    parents: tuple[CheckpointRef, ...] = ()
    overrides: JSON = field(default_factory=dict)
    publish: bool = True
    attempt: int = 1
    losses: int = 0
    steps: Mapping[str, str] = field(default_factory=dict)
    step_attempts: Mapping[str, int] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
    findings: Mapping[str, str] = field(default_factory=dict)
    state: JSON | None = None
    state_digest: str | None = None
    checkpoint_id: str | None = None
    redacted: frozenset[str] = frozenset()
    conclusion: str | None = None
    outcome: str = ""
    fingerprint: str | None = None
    superseded_by: str | None = None
    finished_at: datetime | None = None

    @property
    def stream(self) -> str:
        """Return the name of the run's stream in the journal."""
        return stream_of(self.id)

    @property
    def terminal(self) -> bool:
        """Return whether the run has ended for good."""
        return self.status in RUN.terminal

    @property
    def at_gate(self) -> bool:
        """Return whether it waits for people at a gate."""
        return self.status in {Status.WAITING_GATE, Status.GATE_FAILED}

    def step(self, name: str) -> str:
        """Return a step's state; one that was never begun is pending."""
        return self.steps.get(name, "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a run's first commit says beside that it begins, and its first state."""

    events: tuple[Payload, ...] = ()
    state: JSON | None = None


AT_THE_START = Beginning()


def stream_of(run_id: str) -> str:
    """Return the stream in which a run's events stand."""
    return f"run/{run_id}"
