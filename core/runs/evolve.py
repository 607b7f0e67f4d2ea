"""From events to a run: pure, one commit at a time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.errors import RunNotFoundError
from core.events import schema
from core.events.base import Move, Payload
from core.events.commit import Commit
from core.runs.model import TRAIL, Effect, Run, Subject
from core.runs.states import RUN, Status

SUBJECT_FIELDS = tuple(Subject.__dataclass_fields__)


def fold(run_id: str, commits: Iterable[Commit]) -> Run:
    """Return the run that its commits, oldest first, add up to.

    Raises RunNotFoundError when there are none.
    """
    run: Run | None = None
    for commit in commits:
        run = evolve(run, commit)
    if run is None:
        raise RunNotFoundError(run_id=run_id)
    return run


def evolve(run: Run | None, commit: Commit) -> Run:
    """Return the run as it is after `commit`; the first commit begins it."""
    for event in commit.events:
        if isinstance(event, schema.RunCreated):
            run = _create(event, commit)
        elif run is not None:
            run = _apply(run, event, commit)
    if run is None:
        raise RunNotFoundError(run_id=commit.stream)
    return replace(run, head_seq=commit.seq, head_hash=commit.stored_hash)


def _create(event: schema.RunCreated, commit: Commit) -> Run:
    values = {name: getattr(event, name) for name in SUBJECT_FIELDS}
    return Run(
        id=commit.stream.removeprefix("run/"),
        subject=Subject(**values),
        created_at=commit.time,
        status=Status.QUEUED,
        trail=(Status.QUEUED,),
        head_seq=commit.seq,
        due_at=commit.time,
    )


def _apply(run: Run, event: Payload, commit: Commit) -> Run:
    match event:
        case schema.RunStateChanged():
            return _move(run, event, commit)
        case schema.RunSuperseded():
            return replace(run, superseded_by=event.by_run)
        case schema.CheckpointCaptured():
            return replace(
                run,
                state=commit.state,
                state_digest=event.digest,
                checkpoint_id=event.checkpoint_id,
            )
        case schema.GateVerdictRecorded():
            gates = {**run.gates, event.subject: event.to}
            return replace(
                run, gates=gates, conclusion=event.conclusion, outcome=event.reason
            )
        case Move():
            return _part(run, event)
        case _:
            return run


def _move(run: Run, event: schema.RunStateChanged, commit: Commit) -> Run:
    status = Status(event.to)
    due_at = datetime.fromisoformat(event.due_at) if event.due_at else commit.time
    changes: dict[str, Any] = {
        "status": status,
        "trail": (*run.trail, status)[-TRAIL:],
        "fence": commit.fence,
        "due_at": due_at,
        "owner": run.owner if status is Status.CANCELLING else None,
    }
    if event.transition == "claim":
        changes["owner"] = event.actor
    elif event.transition == "lose_lease" and event.actor == "reaper":
        changes["losses"] = run.losses + 1
    elif event.transition == "back_off":
        changes["attempt"] = run.attempt + 1
    if status in RUN.terminal:
        changes["finished_at"] = commit.time
    if status in RUN.terminal or status is Status.CANCELLING:
        changes["outcome"] = event.reason or run.outcome
    return replace(run, **changes)


def _part(run: Run, event: Move) -> Run:
    match event:
        case schema.StepMove():
            attempts = run.step_attempts
            if isinstance(event, schema.StepStarted):
                attempts = {**attempts, event.subject: event.attempt}
            steps = {**run.steps, event.subject: event.to}
            return replace(run, steps=steps, step_attempts=attempts)
        case schema.EffectMove():
            effects = {**run.effects, event.subject: _effect(run, event)}
            return replace(run, effects=effects)
        case schema.FindingMove():
            return replace(run, findings={**run.findings, event.subject: event.to})
        case _:
            return replace(run, gates={**run.gates, event.subject: event.to})


def _effect(run: Run, event: schema.EffectMove) -> Effect:
    if isinstance(event, schema.EffectIntended):
        return Effect(status=event.to, kind=event.kind, digest=event.digest)
    known = run.effects[event.subject]
    result = (
        event.result
        if isinstance(event, schema.EffectPerformed | schema.EffectReconciled)
        else None
    )
    return replace(known, status=event.to, result=result)
