"""What may happen to a run next: pure, from the folded run to events or a refusal."""

from collections.abc import Sequence
from datetime import datetime

from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import Draft
from core.runs.model import Run, Subject, stream_of
from core.runs.states import RUN, Status
from core.runs.step_moves import steps_cancelled, steps_put_back


def created(subject: Subject) -> schema.RunCreated:
    """Begin a run."""
    values = {name: getattr(subject, name) for name in Subject.__dataclass_fields__}
    to = RUN.step("enqueue", None)
    return schema.RunCreated(transition="enqueue", from_=None, to=to, **values)


def moved(
    run: Run,
    transition: str,
    *,
    actor: str,
    reason: str = "",
    due_at: datetime | None = None,
) -> schema.RunStateChanged:
    """Move the run by a row of its table, or raise IllegalTransitionError."""
    return schema.RunStateChanged(
        transition=transition,
        from_=run.status,
        to=RUN.step(transition, run.status),
        actor=actor,
        reason=reason,
        due_at=due_at.isoformat() if due_at else None,
    )


def cancelled(run: Run, *, actor: str, reason: str) -> tuple[Payload, ...]:
    """Cancel at once what no worker holds, ask the worker for the rest.

    Nothing when the run has ended or is on its way to it.
    """
    if run.terminal or run.status is Status.CANCELLING:
        return ()
    if run.status is Status.RUNNING:
        return (moved(run, "request_cancel", actor=actor, reason=reason),)
    ending = moved(run, "cancel", actor=actor, reason=reason)
    return (*steps_cancelled(run), ending)


def claimed(
    run: Run, *, worker: str, until: datetime, program: str = ""
) -> tuple[Payload, ...]:
    """Hand a due run to a worker; one that waited for a retry is queued first."""
    events: list[Payload] = []
    status = run.status
    if status is Status.RETRY_WAIT:
        due = moved(run, "due", actor="clock")
        events.append(due)
        status = Status(due.to)
    events.append(
        schema.RunStateChanged(
            transition="claim",
            from_=status,
            to=RUN.step("claim", status),
            actor=worker,
            due_at=until.isoformat(),
            program=program,
        )
    )
    return tuple(events)


def lined_up(run: Run, now: datetime) -> tuple[Payload, ...]:
    """Queue a run that was put off until `now` or before; nothing when it was not."""
    if run.status is not Status.RETRY_WAIT or run.due_at > now:
        return ()
    return (moved(run, "due", actor="clock"),)


def taken_back(run: Run, *, fence: int, reason: str) -> tuple[Payload, ...]:
    """Take a run from a worker that stopped reporting.

    Nothing when the holder under `fence` has already let it go.
    """
    if run.status is not Status.RUNNING or run.fence != fence:
        return ()
    return (
        *steps_put_back(run, "lose", reason),
        moved(run, "lose_lease", actor="reaper", reason=reason),
    )


def paused(run: Run, *, actor: str, reason: str) -> tuple[Payload, ...]:
    """Put a run aside until a person resumes it, also one that a worker holds."""
    return (
        *steps_put_back(run, "lose", reason or "paused"),
        moved(run, "pause", actor=actor, reason=reason),
    )


def handed_back(run: Run, *, worker: str, reason: str) -> tuple[Payload, ...]:
    """Give a held run to whoever comes next, at no cost to its chances."""
    return (
        *steps_put_back(run, "lose", reason),
        moved(run, "lose_lease", actor=worker, reason=reason),
    )


def first_draft(
    run_id: str,
    subject: Subject,
    now: datetime,
    *more: Payload,
    state: JSON | None = None,
) -> Draft:
    """Return the commit that begins a run; `state` is that of its first checkpoint."""
    return Draft(
        stream=stream_of(run_id),
        seq=1,
        time=now,
        events=(created(subject), *more),
        from_=None,
        to=Status.QUEUED,
        state=state,
    )


def draft(
    run: Run, events: Sequence[Payload], now: datetime, *, state: JSON | None = None
) -> Draft:
    """Return the commit that appends `events` at the run's head.

    A claim and a lost lease raise the fence; every other commit carries it on. A state
    that was erased does not come back with a checkpoint of its kind.
    """
    status: str = run.status
    fence = run.fence
    for event in events:
        if isinstance(event, schema.CheckpointCaptured):
            state = None if event.digest in run.redacted else state
        if isinstance(event, schema.RunStateChanged):
            status = event.to
            fence += event.transition in {"claim", "lose_lease"}
    return Draft(
        stream=run.stream,
        seq=run.head_seq + 1,
        time=now,
        events=tuple(events),
        from_=run.status,
        to=status,
        fence=fence,
        prev_hash=run.head_hash,
        state=state,
    )
