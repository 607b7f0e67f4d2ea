"""Runs are held up at gates, and go on or end as people decide, or when nobody does."""

from dataclasses import replace

import pytest

from core.errors import GateNotFoundError, IllegalTransitionError, ReasonMissingError
from core.events.base import JSON
from core.events.schema import Decision
from core.runs.decisions import Decisions
from core.runs.gates import Check, Outcome
from core.runs.model import Run
from core.runs.pipeline import StepContext
from tests.fakes.acts import AWAY, leaving, put, raising
from tests.fakes.stage import HASTY, Stage

IMPATIENT = replace(HASTY, gate_seconds=0.0)
PASSED = {"one": "succeeded", "two": "succeeded"}


def gated(stage: Stage, outcome: Outcome, name: str = "review") -> None:
    """Let the second step say this of a gate each time, as a step that repeats does."""
    stage.pipeline.script("one", leaving(found=3))
    step = stage.pipeline.script("two", leaving(judged=True))
    step.checks = (
        Check(gate=name, outcome=outcome, conclusion="failure", reason="3 findings"),
    )


async def held(stage: Stage, outcome: Outcome) -> Run:
    """Return a run that a worker brought to a gate, and could bring no further."""
    gated(stage, outcome)
    await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    return run


async def decided(
    stage: Stage, run: Run, decision: Decision, reason: str = "so be it"
) -> Run:
    """Let Alice decide about the gate."""
    decisions = Decisions(stage.runs)
    return await decisions.gate(
        run.id, "review", decision, actor="alice", reason=reason
    )


async def kinds(stage: Stage, run: Run) -> list[str]:
    """Return the kinds of the run's checkpoints, oldest first."""
    return [
        str(event.stored()["data"]["kind"])
        for commit in await stage.runs.history(run.id)
        for event in commit.events
        if event.type == "checkpoint.captured"
    ]


async def test_a_failing_gate_holds_the_run_with_a_checkpoint(stage: Stage) -> None:
    """No worker has it any more, and nothing is closed: people may still overrule."""
    run = await held(stage, "fail")
    assert (run.status, run.owner, run.steps) == (
        *("gate_failed", None, {"one": "succeeded", "two": "pending"}),
    )
    assert run.gates["review"].status == "failed"
    assert (await kinds(stage, run))[-1] == "gate_failed"
    assert (await stage.shown(run.id))["checkpoint_id"] == run.checkpoint_id
    assert await stage.worker().work_one() is None
    assert await stage.worker().work_on(run.id) is None
    assert await stage.worker().reap() == 0
    assert stage.pipeline.closed == []


@pytest.mark.parametrize(
    ("outcome", "decision", "move", "gate", "conclusion"),
    [
        ("fail", "waive", "retry_gate", "waived", "neutral"),
        ("ask", "approve", "pass_gate", "approved", None),
        ("ask", "waive", "pass_gate", "waived", None),
    ],
)
async def test_a_decision_sets_the_run_going_at_the_same_step(  # a fact an argument
    stage: Stage,
    outcome: Outcome,
    decision: Decision,
    move: str,
    gate: str,
    conclusion: str | None,
) -> None:
    """The step that came to the gate runs again, sees the decision, and passes."""
    run = await held(stage, outcome)
    again = await decided(stage, run, decision)
    assert again.status == "queued"
    ended = await stage.worker("other").work_one()
    assert ended is not None
    assert (ended.status, ended.steps, ended.gates["review"].status) == (
        *("succeeded", PASSED, gate),
    )
    assert ended.conclusion == conclusion
    assert f"{gate} review" in ended.outcome
    assert (ended.attempt, ended.losses) == (1, 0)
    assert stage.pipeline.ran() == ["one*1", "two*2"]
    assert (await stage.moves(run.id))[-3:] == [move, "claim", "succeed"]
    assert stage.pipeline.closed == []


async def test_a_run_that_is_held_up_is_offered_to_no_worker(stage: Stage) -> None:
    """Whoever asks for it again is shown it, and nobody tries to claim it."""
    run = await held(stage, "fail")
    stage.runs.wake.noted()
    assert await stage.runs.release(run.id) == run
    assert stage.runs.wake.noted() == []


async def test_a_rejected_gate_can_still_be_waived(stage: Stage) -> None:
    """A rejection takes nobody's time to overrule it."""
    run = await held(stage, "ask")
    assert run.status == "waiting_gate"
    rejected = await decided(stage, run, "reject")
    assert (rejected.status, rejected.due_at) == ("gate_failed", run.due_at)
    assert rejected.conclusion == "failure"
    assert (await kinds(stage, run))[-1] == "gate_failed"
    assert await stage.worker().reap() == 0
    await decided(stage, rejected, "waive")
    ended = await stage.worker().work_one()
    assert ended is not None
    assert ended.status == "succeeded"


async def test_a_retried_gate_is_judged_anew(stage: Stage) -> None:
    """What has changed meanwhile decides."""
    run = await held(stage, "fail")
    await decided(stage, run, "retry")
    gated(stage, "pass")
    ended = await stage.worker().work_one()
    assert ended is not None
    assert (ended.status, ended.gates["review"].status) == ("succeeded", "passed")


async def test_a_gate_that_fails_again_holds_again(stage: Stage) -> None:
    """Each time with a checkpoint of its own."""
    run = await held(stage, "fail")
    await decided(stage, run, "retry")
    again = await stage.worker().work_one()
    assert again is not None
    assert again.status == "gate_failed"
    assert (await kinds(stage, run)).count("gate_failed") == 2
    assert stage.pipeline.ran() == ["one*1", "two*2"]


async def test_what_cannot_be_decided_says_why(stage: Stage) -> None:
    """A gate of no such name, no words, and a gate that waits for nobody."""
    run = await held(stage, "fail")
    decisions = Decisions(stage.runs)
    with pytest.raises(GateNotFoundError):
        await decisions.gate(run.id, "other", "waive", actor="alice", reason="why")
    with pytest.raises(ReasonMissingError):
        await decided(stage, run, "waive", reason=" ")
    with pytest.raises(IllegalTransitionError):
        await decided(stage, run, "approve")


@pytest.mark.parametrize(
    ("outcome", "status", "closings"),
    [("fail", "failed", []), ("ask", "cancelled", ["cancelled"])],
)
async def test_a_gate_that_nobody_decides_about_ends_the_run(
    stage: Stage, outcome: Outcome, status: str, closings: list[str]
) -> None:
    """One that still waits is closed at GitHub; a failed one says so there already."""
    gated(stage, outcome)
    run_id = await stage.ask()
    await stage.worker(limits=IMPATIENT).work_one()
    await stage.shown(run_id)
    assert await stage.worker("reaper", own=True).reap() == 1
    run = await stage.run(run_id)
    assert (run.status, run.outcome) == (status, "review: nobody decided")
    assert [ending.kind for _, ending in stage.pipeline.closed] == closings
    assert (await stage.shown(run_id))["status"] == status
    assert await stage.worker("reaper", own=True).reap() == 0


async def test_an_expired_gate_is_closed_before_the_run_ends(stage: Stage) -> None:
    """While GitHub is away it waits on, and so it does for its own pipeline."""
    gated(stage, "ask")
    run_id = await stage.ask()
    await stage.worker(limits=IMPATIENT).work_one()
    await stage.shown(run_id)
    stage.pipeline.closing = raising(AWAY)
    assert await stage.worker().reap() == 0
    assert (await stage.run(run_id)).status == "waiting_gate"
    stage.pipeline.name = "another"
    assert await stage.worker().reap() == 0
    assert (await stage.run(run_id)).status == "waiting_gate"


async def test_an_approval_at_the_last_moment_counts(stage: Stage) -> None:
    """The reaper finds it when it is about to end the run."""
    gated(stage, "ask")
    run_id = await stage.ask()
    await stage.worker(limits=IMPATIENT).work_one()
    await stage.shown(run_id)

    async def approved(context: StepContext) -> JSON:
        await decided(stage, context.run, "approve")
        return {}

    stage.pipeline.closing = approved
    assert await stage.worker("reaper").reap() == 0
    ended = await stage.worker().work_one()
    assert ended is not None
    assert (ended.id, ended.status) == (run_id, "succeeded")


async def test_deciding_again_shows_what_was_decided_before(stage: Stage) -> None:
    """Also when the first process died before any list said so."""
    run = await held(stage, "ask")
    waiting = await stage.shown(run.id)
    await decided(stage, run, "approve")
    await put(stage, run.id, waiting)
    with pytest.raises(IllegalTransitionError):
        await decided(stage, run, "approve")
    assert (await stage.shown(run.id))["status"] == "queued"
