"""How runs ended and how long it took, told when the commit that says so is there."""

import structlog

from core.events import schema
from core.events.commit import Commit
from core.metrics.gates import APPROVAL_WAIT
from core.metrics.runs import RUN_SECONDS
from core.runs.model import Run
from core.runs.states import Status

BAD = (Status.FAILED, Status.DEAD)
log = structlog.get_logger()


def took_time(before: Run, after: Run, commit: Commit) -> None:
    """Measure what this commit brought to its end: the run, a wait for a person."""
    if after.terminal and not before.terminal:
        seconds = (commit.time - after.created_at).total_seconds()
        RUN_SECONDS.observe(seconds, run_id=after.id, status=str(after.status))
        _ended(after, seconds)
    for event in commit.events:
        if isinstance(event, schema.ApprovalRecorded):
            _person_decided(before, event, commit)


def _ended(run: Run, seconds: float) -> None:
    """Say in the log how a run ended, so that who reads it need not guess."""
    say = log.error if run.status in BAD else log.info
    say(
        "run.ended",
        run_id=run.id,
        status=str(run.status),
        reason=run.outcome,
        repository=run.subject.repository,
        pull=run.subject.pull,
        seconds=round(seconds, 3),
    )


def _person_decided(
    before: Run, event: schema.ApprovalRecorded, commit: Commit
) -> None:
    """Measure the wait for a decision; one that nobody had asked for has none."""
    gate = before.gates.get(event.subject)
    if gate is None or gate.status != "waiting_approval" or gate.asked_at is None:
        return
    seconds = (commit.time - gate.asked_at).total_seconds()
    APPROVAL_WAIT.observe(seconds, run_id=before.id, decision=event.decision)
