"""What workers and people do with runs, and the counters that tell of it."""

import pytest

from core.metrics.gates import GATES
from core.runs import decide
from core.runs.decisions import Decisions
from core.runs.gates import Check, Outcome
from core.runs.model import Run
from tests.fakes.acts import AWAY, REFUSED, raising
from tests.fakes.measures import Measures, exemplars
from tests.fakes.stage import Stage, fine, serving

GATES.allow("review")


async def gated(stage: Stage, outcome: Outcome) -> Run:
    """Bring a run to a gate that says this."""
    step = stage.pipeline.script("two", fine)
    step.checks = (
        Check(gate="review", outcome=outcome, conclusion="failure", reason="3 found"),
    )
    await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    return run


async def test_a_run_that_ends_well_is_counted_and_timed_once(stage: Stage) -> None:
    """Its wait, both steps and the whole, each with the run as an example."""
    measures = Measures()
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert measures.all_moved("nofx_runs_ended_total") == {("succeeded",): 1}
    assert measures.moved("nofx_queue_wait_seconds_count") == 1
    assert measures.all_moved("nofx_run_duration_seconds_count") == {("succeeded",): 1}
    assert measures.all_moved("nofx_step_duration_seconds_count") == {
        ("one",): 1,
        ("two",): 1,
    }
    assert measures.all_moved("nofx_retries_total") == {}
    assert run_id in exemplars("nofx_queue_wait_seconds")
    assert run_id in exemplars("nofx_run_duration_seconds", status="succeeded")
    assert run_id in exemplars("nofx_step_duration_seconds", step="two")


async def test_each_retry_is_counted_by_the_class_of_its_error(stage: Stage) -> None:
    """The attempts that failed are timed too, for they took their time."""
    stage.pipeline.script("two", raising(AWAY), raising(AWAY), fine)
    measures = Measures()
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await stage.until(run_id, "succeeded")
    assert measures.all_moved("nofx_retries_total") == {("GitHubUnavailableError",): 2}
    assert measures.moved("nofx_step_duration_seconds_count", step="two") == 3
    assert measures.moved("nofx_queue_wait_seconds_count") == 3
    assert measures.all_moved("nofx_runs_ended_total") == {("succeeded",): 1}


async def test_a_refusal_is_no_retry(stage: Stage) -> None:
    """It ends the run as failed, once."""
    stage.pipeline.script("two", raising(REFUSED))
    measures = Measures()
    await stage.ask()
    await stage.worker().work_one()
    assert measures.all_moved("nofx_retries_total") == {}
    assert measures.all_moved("nofx_runs_ended_total") == {("failed",): 1}


async def test_a_run_that_a_person_cancels_is_counted_too(stage: Stage) -> None:
    """No worker ever held it."""
    measures = Measures()
    run_id = await stage.ask()
    await stage.runs.cancel(run_id, actor="alice", reason="no longer wanted")
    assert measures.all_moved("nofx_runs_ended_total") == {("cancelled",): 1}
    assert measures.all_moved("nofx_run_duration_seconds_count") == {("cancelled",): 1}


async def test_a_gate_that_fails_is_one_verdict(stage: Stage) -> None:
    """A person who waives it was not asked, so nobody waited for them."""
    measures = Measures()
    run = await gated(stage, "fail")
    assert measures.all_moved("nofx_gate_verdicts_total") == {("failure", "review"): 1}
    decisions = Decisions(stage.runs)
    await decisions.gate(run.id, "review", "waive", actor="alice", reason="it is fine")
    assert measures.all_moved("nofx_approvals_total") == {("waive", "review"): 1}
    assert measures.all_moved("nofx_approval_wait_seconds_count") == {}


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_an_approval_is_counted_and_its_wait_timed(
    stage: Stage, decision: str
) -> None:
    """The wait goes from the question to the answer."""
    measures = Measures()
    run = await gated(stage, "ask")
    assert measures.all_moved("nofx_gate_verdicts_total") == {}
    asked_at = run.gates["review"].asked_at
    assert asked_at is not None
    decisions = Decisions(stage.runs)
    done = await decisions.gate(
        run.id,
        "review",
        "approve" if decision == "approve" else "reject",
        actor="alice",
        reason="because",
    )
    waited = (done.approvals[-1].at - asked_at).total_seconds()
    assert measures.all_moved("nofx_approvals_total") == {(decision, "review"): 1}
    assert measures.moved("nofx_approval_wait_seconds_count", decision=decision) == 1
    total = measures.moved("nofx_approval_wait_seconds_sum", decision=decision)
    assert total == pytest.approx(waited)
    assert run.id in exemplars("nofx_approval_wait_seconds", decision=decision)


async def test_a_race_for_a_run_is_a_conflict_of_the_loser(stage: Stage) -> None:
    """Two processes decide on one state: one is first, the other looks and decides."""
    run_id = await stage.ask()
    late = await stage.other_process().handle(run_id)
    await stage.runs.pause(run_id, actor="alice", reason="wait")
    measures = Measures()
    await late.append(lambda run: (decide.moved(run, "cancel", actor="bob"),))
    assert measures.moved("nofx_append_conflicts_total") == 1
    assert measures.moved("nofx_append_batch_size_count") == 2
    assert measures.moved("nofx_append_batch_size_sum") == 2
    assert measures.moved("nofx_append_seconds_count") == 2
    assert measures.all_moved("nofx_runs_ended_total") == {("cancelled",): 1}
