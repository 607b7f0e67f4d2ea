"""From whose hands a run was taken, and until when these may still write: pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import ConcurrencyError
from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit
from core.runs import decide
from core.runs.model import Run
from core.runs.states import Status

# A heartbeat may get through while the pause is being stored.
LATE_BEAT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A worker that held a run when it was paused, and the latest end of its lease."""

    worker: str
    until: datetime


def taken_from(commits: Sequence[Commit]) -> Taken | None:
    """Return who had a run when it was paused, if nobody has had it since.

    `commits` are the run's, oldest first. Heartbeats are no history: until the pause
    the lease may have been extended by its whole length.
    """
    worker, lease, taken = "", timedelta(), None
    for commit in commits:
        for event in commit.events:
            if not isinstance(event, schema.RunStateChanged):
                continue
            if event.transition == "claim" and event.due_at is not None:
                until = datetime.fromisoformat(event.due_at)
                worker, lease, taken = event.actor, until - commit.time, None
            elif event.transition == "pause" and event.from_ == Status.RUNNING:
                taken = Taken(worker=worker, until=commit.time + lease + LATE_BEAT)
    return taken


def resuming(
    commits: Sequence[Commit], *, now: datetime, actor: str, reason: str
) -> Callable[[Run], tuple[Payload, ...]]:
    """Return the decision to queue a paused run, due when its last holder is silent.

    It raises ConcurrencyError for a run that is further than its `commits`.
    """
    taken = taken_from(commits)
    due_at = taken.until if taken is not None and taken.until > now else None

    def decision(run: Run) -> tuple[Payload, ...]:
        if run.head_seq != commits[-1].seq:
            raise ConcurrencyError(stream=run.stream, seq=commits[-1].seq + 1)
        return (decide.moved(run, "resume", actor=actor, reason=reason, due_at=due_at),)

    return decision
