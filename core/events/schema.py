"""Every event type of nofx, as one discriminated union."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from core.events.base import JSON, Move, Payload, UnknownEvent


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
    """A run moved; who moved it, why, and until when it is held or put off."""

    type: Literal["run.state_changed"] = "run.state_changed"
    actor: str
    reason: str = ""
    due_at: str | None = None


class RunSuperseded(Payload):
    """A newer head, or a newer wish, has taken this run's place."""

    type: Literal["run.superseded"] = "run.superseded"
    by_run: str
    head_sha: str


class StepMove(Move):
    """A step of the pipeline moves; `subject` is its name."""

    machine: ClassVar[str] = "step"


class StepStarted(StepMove):
    """A worker begins a step."""

    type: Literal["step.started"] = "step.started"
    attempt: int


class StepFinished(StepMove):
    """A step ended: succeeded, failed, skipped or cancelled."""

    type: Literal["step.finished"] = "step.finished"
    summary: str = ""
    seconds: float = 0.0
    error: str | None = None


class StepRetried(StepMove):
    """A step is put off after an error, or taken up again after a lost worker."""

    type: Literal["step.retried"] = "step.retried"
    attempt: int
    error: str


class CheckpointCaptured(Payload):
    """The run's state at this point, named by its SHA-256."""

    type: Literal["checkpoint.captured"] = "checkpoint.captured"
    checkpoint_id: str
    kind: Literal["before", "after", "gate_failed", "merge", "manual"]
    step: str
    digest: str
    parents: tuple[str, ...] = ()
    artifacts: dict[str, str] = Field(default_factory=dict)


class GateOpened(Move):
    """A gate is reached."""

    machine: ClassVar[str] = "gate"
    type: Literal["gate.opened"] = "gate.opened"


class GateVerdictRecorded(Move):
    """A gate has decided: the check's conclusion and the reason that is shown."""

    machine: ClassVar[str] = "gate"
    type: Literal["gate.verdict_recorded"] = "gate.verdict_recorded"
    conclusion: str
    reason: str


class FindingMove(Move):
    """A finding moves; `subject` is its fingerprint."""

    machine: ClassVar[str] = "finding"


class FindingProposed(FindingMove):
    """A reviewer made a remark; `finding` is the whole of it."""

    type: Literal["finding.proposed"] = "finding.proposed"
    finding: JSON


class FindingJudged(FindingMove):
    """A check let the finding through, put it aside, or found its place in the diff."""

    type: Literal["finding.judged"] = "finding.judged"
    reason: str = ""


class FindingPublished(FindingMove):
    """GitHub shows the finding, as a line comment or in the summary."""

    type: Literal["finding.published"] = "finding.published"
    comment_id: int | None = None
    reason: str = ""


class EffectMove(Move):
    """A write to GitHub moves; `subject` is its key, unique inside the run."""

    machine: ClassVar[str] = "effect"


class EffectIntended(EffectMove):
    """A write is about to be made; `digest` is that of its content."""

    type: Literal["effect.intended"] = "effect.intended"
    kind: str
    digest: str


class EffectPerformed(EffectMove):
    """The write was answered; `result` is what later steps need of the answer."""

    type: Literal["effect.performed"] = "effect.performed"
    result: JSON


class EffectReconciled(EffectMove):
    """After an unclear end, the write was found at GitHub, or found missing."""

    type: Literal["effect.reconciled"] = "effect.reconciled"
    result: JSON | None = None


class EffectFailed(EffectMove):
    """GitHub refused the write for good."""

    type: Literal["effect.failed"] = "effect.failed"
    error: str


class ModelCalled(Payload):
    """A reviewer answered; named after OpenTelemetry's GenAI conventions.

    Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/. Seconds, bytes, US
    dollars.
    """

    type: Literal["model.called"] = "model.called"
    request_model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


class WriterRetired(Payload):
    """A process's log in the journal ends here.

    `closed` by itself, or ended by the feeder after it was `silent` for long.
    """

    type: Literal["writer.retired"] = "writer.retired"
    writer: str
    reason: Literal["closed", "silent"]


Known = Annotated[
    RunRequested
    | RunCreated
    | RunStateChanged
    | RunSuperseded
    | StepStarted
    | StepFinished
    | StepRetried
    | CheckpointCaptured
    | GateOpened
    | GateVerdictRecorded
    | FindingProposed
    | FindingJudged
    | FindingPublished
    | EffectIntended
    | EffectPerformed
    | EffectReconciled
    | EffectFailed
    | ModelCalled
    | WriterRetired,
    Field(discriminator="type"),
]

_adapter: TypeAdapter[Payload] = TypeAdapter(Known)
TYPES: dict[str, type[Payload]] = {
    str(member.model_fields["type"].default): member
    for member in Known.__origin__.__args__  # type: ignore[attr-defined] # the union's members
}


def read(stored: dict[str, Any]) -> Payload:
    """Turn `{type, data}` into its payload; an unknown type is passed on, not refused.

    Raises pydantic's ValidationError when a known type's data does not fit.
    """
    kind, data = stored["type"], stored["data"]
    if kind not in TYPES:
        return UnknownEvent(type=kind, data=data)
    return _adapter.validate_python({**data, "type": kind})


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of all known payloads."""
    return _adapter.json_schema(by_alias=True)
