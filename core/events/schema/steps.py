"""What happens to the steps of a run, and the work inside them."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.events.base import Move, Payload


class Failure(BaseModel):
    """An error that ended a try, as machines tell it from others.

    `code` is that of a nofx error or, with `known` false, the name of any other class.
    `status` is the HTTP status, `errno` the system's number, where it had one; `place`
    the innermost line of nofx's own code, as `bot/github/wire.py:88`. `fingerprint` is
    the same for errors of one kind at one place of the code, whatever their numbers.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    known: bool = True
    status: int | None = None
    errno: int | None = None
    place: str = ""
    fingerprint: str = ""
    facts: dict[str, str] = Field(default_factory=dict)


class Used(BaseModel):
    """What one try of a step used itself, without its sandboxed children.

    Seconds of wall and processor time; requests to GitHub with the bytes of their
    bodies that went and came.
    """

    model_config = ConfigDict(frozen=True)

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    github_requests: int = 0
    github_bytes_sent: int = 0
    github_bytes_received: int = 0


class StepMove(Move):
    """A step of the pipeline moves; `subject` is its name."""

    machine: ClassVar[str] = "step"


class StepStarted(StepMove):
    """A worker begins a step."""

    transitions: ClassVar[frozenset[str]] = frozenset({"start"})
    type: Literal["step.started"] = "step.started"
    attempt: int


class StepFinished(StepMove):
    """A step ended: succeeded, failed, skipped or cancelled.

    `log` names the blob with what was logged in its last try, if anything was, and
    `exchanges` the one with what was asked of GitHub and answered in it.
    """

    transitions: ClassVar[frozenset[str]] = frozenset(
        {"succeed", "fail", "skip", "cancel"}
    )
    type: Literal["step.finished"] = "step.finished"
    summary: str = ""
    seconds: float = 0.0
    error: str | None = None
    log: str | None = None
    exchanges: str | None = None
    failure: Failure | None = None
    used: Used | None = None


class StepRetried(StepMove):
    """A step is put off after an error, held at a gate, or taken from its worker.

    `log` and `exchanges` name blobs as in `step.finished`.
    """

    transitions: ClassVar[frozenset[str]] = frozenset(
        {"back_off", "due", "lose", "hold"}
    )
    type: Literal["step.retried"] = "step.retried"
    attempt: int
    error: str
    log: str | None = None
    exchanges: str | None = None
    failure: Failure | None = None
    used: Used | None = None


class StepProgressed(Payload):
    """A step that takes long has done `done` of its `of` pieces of work, as `unit`."""

    type: Literal["step.progressed"] = "step.progressed"
    step: str
    done: int
    of: int
    unit: str
    attempt: int


class StepReused(StepMove):
    """A step is not run here, for the run goes on from behind it in another run."""

    transitions: ClassVar[frozenset[str]] = frozenset({"reuse"})
    type: Literal["step.reused"] = "step.reused"
    from_run: str
    checkpoint_id: str


class WorkReused(Payload):
    """A step asked for `of` pieces of work, and `count` of them had been done before.

    `kind` says what a piece is, for example `file` for what a reviewer reads at once.
    """

    type: Literal["work.reused"] = "work.reused"
    step: str
    kind: str
    count: int
    of: int


class ModelCalled(Payload):
    """A reviewer answered; named after OpenTelemetry's GenAI conventions.

    Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/. Seconds, bytes, US
    dollars. `bytes_sent` and `bytes_received` are those of a service's questions and
    answers. `record` names the blob with the question and the raw answer.
    """

    type: Literal["model.called"] = "model.called"
    request_model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    step: str = ""
    bytes_sent: int = 0
    bytes_received: int = 0
    record: str | None = None
