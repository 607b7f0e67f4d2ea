"""How the steps of a run move: pure, from the folded run to events or a refusal."""

from dataclasses import dataclass

from core.events import schema
from core.events.base import Payload
from core.runs.model import Run
from core.runs.states import STEP

CANCELLABLE = frozenset(from_ for name, from_, _ in STEP.rows() if name == "cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is told of a try beside its end: what the error was, what it used."""

    failure: schema.Failure | None = None
    used: schema.Used | None = None


UNTOLD = Tried()


def step_started(run: Run, name: str) -> tuple[Payload, ...]:
    """Begin a step; one that waits for its retry becomes pending first."""
    attempt = run.step_attempts.get(name, 0) + 1
    before: tuple[Payload, ...] = ()
    if run.step(name) == "retry_wait":
        before = (_retried(run, name, "due", attempt, "taken up again"),)
    to = STEP.step("start", "pending")
    started = schema.StepStarted(
        subject=name, transition="start", from_="pending", to=to, attempt=attempt
    )
    return (*before, started)


def step_ended(
    run: Run,
    name: str,
    transition: str,
    *,
    summary: str = "",
    seconds: float = 0.0,
    error: str | None = None,
    tried: Tried = UNTOLD,
) -> schema.StepFinished:
    """End a step: succeed, fail, skip or cancel."""
    state = run.step(name)
    return schema.StepFinished(
        subject=name,
        transition=transition,
        from_=state,
        to=STEP.step(transition, state),
        summary=summary,
        seconds=round(seconds, 3),
        error=error,
        failure=tried.failure,
        used=tried.used,
    )


def steps_put_back(
    run: Run, transition: str, error: str, tried: Tried = UNTOLD
) -> tuple[Payload, ...]:
    """Take every running step from its worker: `lose`, `back_off`."""
    return tuple(
        _retried(run, name, transition, run.step_attempts.get(name, 1), error, tried)
        for name, state in run.steps.items()
        if state == "running"
    )


def step_held(
    run: Run, name: str, gates: str, used: schema.Used | None = None
) -> tuple[Payload, ...]:
    """Put a step back that came to gates it may not pass yet; it runs again then."""
    attempt = run.step_attempts.get(name, 1)
    error = f"the gate {gates} holds it up"
    return (_retried(run, name, "hold", attempt, error, Tried(used=used)),)


def steps_cancelled(run: Run) -> tuple[Payload, ...]:
    """Cancel every step that was begun and has not ended."""
    return tuple(
        step_ended(run, name, "cancel")
        for name, state in run.steps.items()
        if state in CANCELLABLE
    )


def _retried(
    run: Run,
    name: str,
    transition: str,
    attempt: int,
    error: str,
    tried: Tried = UNTOLD,
) -> schema.StepRetried:
    state = run.step(name)
    return schema.StepRetried(
        subject=name,
        transition=transition,
        from_=state,
        to=STEP.step(transition, state),
        attempt=attempt,
        error=error,
        failure=tried.failure,
        used=tried.used,
    )
