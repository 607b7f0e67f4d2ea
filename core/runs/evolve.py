"""From events to a run: pure, one commit at a time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.errors import RunNotFoundError
from core.events import schema
from core.events.base import Move, Payload
from core.events.commit import Commit
from core.runs.evolve_parts import part
from core.runs.model import TRAIL, Run, Subject
from core.runs.states import RUN, Status

SUBJECT_FIELDS = tuple(Subject.__dataclass_fields__)
# The moves by which a person sets a run going again: its time and tries begin anew.
BY_PEOPLE = frozenset({"resume", "pass_gate", "retry_gate"})
TELLS_WHY = frozenset({Status.CANCELLING, Status.PAUSED})
# A holder keeps its lease to close a run in; people keep their time to overrule in.
KEEPS_ITS_TIME = frozenset({Status.CANCELLING, Status.GATE_FAILED})


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
    run_id = commit.stream.removeprefix("run/")
    return Run(
        id=run_id,
        family=run_id,
        subject=Subject(**values),
        created_at=commit.time,
        queued_at=commit.time,
        status=Status.QUEUED,
        trail=(Status.QUEUED,),
        head_seq=commit.seq,
        due_at=commit.time,
    )


def _apply(run: Run, event: Payload, commit: Commit) -> Run:
    match event:
        case schema.RunStateChanged():
            return _move(run, event, commit)
        case schema.RunSuperseded() | schema.BranchCreated():
            return _related(run, event)
        case schema.CheckpointCaptured() | schema.CheckpointRedacted():
            return _checkpoint(run, event, commit)
        case Move():
            return part(run, event, commit.time)
        case _:
            return run


def _related(run: Run, event: schema.RunSuperseded | schema.BranchCreated) -> Run:
    if isinstance(event, schema.RunSuperseded):
        return replace(run, superseded_by=event.by_run)
    return replace(
        run,
        family=event.family,
        origin=event.origin,
        parents=event.parents,
        overrides=event.overrides,
        publish=event.publish,
    )


def _checkpoint(
    run: Run,
    event: schema.CheckpointCaptured | schema.CheckpointRedacted,
    commit: Commit,
) -> Run:
    if isinstance(event, schema.CheckpointRedacted):
        state = None if event.digest == run.state_digest else run.state
        return replace(run, redacted=run.redacted | {event.digest}, state=state)
    return replace(
        run,
        state=commit.state,
        state_digest=event.digest,
        checkpoint_id=event.checkpoint_id,
    )


def _move(run: Run, event: schema.RunStateChanged, commit: Commit) -> Run:
    status = Status(event.to)
    due_at = datetime.fromisoformat(event.due_at) if event.due_at else commit.time
    if event.due_at is None and status in KEEPS_ITS_TIME:
        due_at = run.due_at
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
    if event.transition in BY_PEOPLE:
        changes |= {"queued_at": commit.time, "attempt": 1}
    if status in RUN.terminal:
        changes["finished_at"] = commit.time
    changes["outcome"] = _outcome(run, event)
    return replace(run, **changes)


def _outcome(run: Run, event: schema.RunStateChanged) -> str:
    if event.to in RUN.terminal or event.to in TELLS_WHY:
        return event.reason or run.outcome
    return "" if event.transition == "resume" else run.outcome
