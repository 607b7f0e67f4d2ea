"""A run's history told step by step, from its commits alone."""

from datetime import UTC, datetime, timedelta

from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit
from core.runs.account import account

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def commits(*each: Payload) -> list[Commit]:
    """Return one commit an event, a minute apart."""
    return [
        Commit(
            stream="run/r",
            seq=number,
            time=NOON + timedelta(minutes=number),
            events=(event,),
            writer="w",
            wseq=number,
            stored_hash="0" * 64,
        )
        for number, event in enumerate(each, start=1)
    ]


def started(attempt: int = 1) -> Payload:
    """Return that the step `read` was begun."""
    return schema.StepStarted(
        subject="read",
        transition="start",
        from_="pending",
        to="running",
        attempt=attempt,
    )


def test_attempts_add_up_and_the_last_one_is_timed() -> None:
    """The first start, the last end, and what the last attempt said."""
    retried = schema.StepRetried(
        subject="read",
        transition="back_off",
        from_="running",
        to="retry_wait",
        attempt=1,
        error="no route",
    )
    finished = schema.StepFinished(
        subject="read",
        transition="succeed",
        from_="running",
        to="succeeded",
        summary="12 files",
        seconds=1.5,
    )
    (waiting,) = account(commits(started(), retried)).steps
    assert (waiting.status, waiting.error) == ("retry_wait", "no route")
    assert not waiting.logged
    said = retried.model_copy(update={"log": "sha256:0"})
    (logged,) = account(commits(started(), said, started(2), finished)).steps
    assert logged.logged
    assert waiting.finished_at is None
    (done,) = account(commits(started(), retried, started(2), finished)).steps
    assert (done.status, done.attempts, done.seconds) == ("succeeded", 2, 1.5)
    assert (done.summary, done.error) == ("12 files", None)
    assert done.started_at == NOON + timedelta(minutes=1)
    assert done.finished_at == NOON + timedelta(minutes=4)


def test_what_was_reused_names_who_did_it() -> None:
    """A step of another run, and pieces of work inside a step."""
    reused = schema.StepReused(
        subject="read",
        transition="reuse",
        from_="pending",
        to="reused",
        from_run="run_1",
        checkpoint_id="cp_1",
    )
    work = schema.WorkReused(step="think", kind="file", count=3, of=4)
    told = account(commits(reused, work))
    assert [(one.status, one.reused_from) for one in told.steps] == [
        ("reused", "run_1")
    ]
    assert [(one.step, one.count, one.of) for one in told.reused] == [("think", 3, 4)]


def test_a_gate_keeps_its_last_word() -> None:
    """Failed, reopened, asked and approved: each leaves its reason and its time."""
    opened = schema.GateOpened(
        subject="approval", transition="open", from_=None, to="opened"
    )
    failed = schema.GateVerdictRecorded(
        subject="approval",
        transition="fail",
        from_="opened",
        to="failed",
        conclusion="failure",
        reason="two errors",
    )
    reopened = schema.ApprovalRecorded(
        subject="approval",
        transition="reopen",
        from_="failed",
        to="opened",
        decision="retry",
        actor="alice",
        reason="mended",
        head_sha="a" * 40,
    )
    asked = schema.ApprovalRequested(
        subject="approval",
        transition="ask",
        from_="opened",
        to="waiting_approval",
        reason="a person must look",
        head_sha="a" * 40,
    )
    (stopped,) = account(commits(opened, failed)).gates
    assert (stopped.status, stopped.conclusion) == ("failed", "failure")
    assert stopped.decided_at == NOON + timedelta(minutes=2)
    (again,) = account(commits(opened, failed, reopened)).gates
    assert (again.status, again.reason) == ("opened", "mended")
    (waiting,) = account(commits(opened, failed, reopened, asked)).gates
    assert (waiting.status, waiting.decided_at) == ("waiting_approval", None)
    assert waiting.opened_at == NOON + timedelta(minutes=1)
