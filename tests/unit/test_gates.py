"""Gates: what checks bring about, what people decide, and what follows for the run."""

from collections.abc import Sequence

import pytest

from core.errors import (
    GateNotFoundError,
    IllegalTransitionError,
    ReasonMissingError,
)
from core.events.base import Payload
from core.events.schema import Decision
from core.runs import gates
from core.runs.gates import Check, Outcome
from core.runs.model import Run
from tests.fakes.commits import Story


def check(gate: str, outcome: Outcome, *, blocking: bool = True) -> Check:
    """Return what a step says about a gate."""
    return Check(
        gate=gate,
        outcome=outcome,
        conclusion=outcome,
        reason=f"{gate} {outcome}",
        blocking=blocking,
    )


def at_checks(*checks: Check) -> Story:
    """Return a claimed run whose step has just told the gates this."""
    story = Story()
    story.move("claim")
    passage = gates.passage(story.run, checks)
    story.add(*passage.events)
    return story


def held(*checks: Check) -> Story:
    """Return a run that these checks hold up."""
    story = at_checks(*checks)
    passage = gates.passage(story.run, checks)
    story.move("reject_gate" if passage.stopped else "open_gate")
    return story


def states(run: Run) -> dict[str, str]:
    """Return where each gate stands."""
    return {name: gate.status for name, gate in run.gates.items()}


def types(events: Sequence[Payload]) -> list[str]:
    """Return what kinds of events these are."""
    return [event.type for event in events]


@pytest.mark.parametrize(
    ("outcome", "state", "holds"),
    [
        ("pass", "passed", False),
        ("fail", "failed", True),
        ("ask", "waiting_approval", True),
        ("skip", "skipped", False),
    ],
)
def test_each_outcome_leaves_the_gate_in_its_state(
    outcome: Outcome, state: str, *, holds: bool
) -> None:
    """Failing and asking hold the run up, the others do not."""
    checks = (check("g", outcome),)
    passage = gates.passage(at_checks().run, checks)
    assert states(at_checks(*checks).run) == {"g": state}
    assert bool(passage.stopped or passage.waiting) is holds


def test_a_failure_that_does_not_block_is_only_recorded() -> None:
    """As in a dry run, where nobody could waive it."""
    checks = (check("g", "fail", blocking=False),)
    passage = gates.passage(at_checks().run, checks)
    assert (passage.stopped, types(passage.events)) == (
        *((), ["gate.opened", "gate.verdict_recorded"]),
    )


def test_what_holds_the_run_up_is_the_outcome_that_is_shown() -> None:
    """Whatever the order in which a step speaks of its gates."""
    story = at_checks(check("a", "fail"), check("b", "pass"), check("c", "skip"))
    assert (story.run.conclusion, story.run.outcome) == ("fail", "a fail")


def test_a_gate_that_was_decided_is_not_judged_again() -> None:
    """The step that runs again finds the waiver, and goes on."""
    story = held(check("g", "fail"))
    decided = gates.decided(story.run, "g", "waive", actor="alice", reason="demo")
    story.add(*decided)
    assert (story.run.status, states(story.run)) == ("queued", {"g": "waived"})
    again = gates.passage(story.run, (check("g", "fail"),))
    assert (again.events, again.stopped) == ((), ())
    (approval,) = story.run.approvals
    assert (approval.actor, approval.reason, approval.decision) == (
        *("alice", "demo", "waive"),
    )
    assert approval.head_sha == story.run.subject.head_sha


def test_a_run_goes_on_when_its_last_gate_is_free() -> None:
    """One of two waived is not enough."""
    story = held(check("a", "fail"), check("b", "fail"))
    story.add(*gates.decided(story.run, "a", "waive", actor="alice", reason="x"))
    assert story.run.status == "gate_failed"
    story.add(*gates.decided(story.run, "b", "waive", actor="alice", reason="x"))
    assert story.run.status == "queued"


def test_an_approval_frees_a_run_that_waits() -> None:
    """And needs no words."""
    story = held(check("g", "ask"))
    assert story.run.status == "waiting_gate"
    story.add(*gates.decided(story.run, "g", "approve", actor="alice", reason=""))
    assert (story.run.status, states(story.run)) == ("queued", {"g": "approved"})


def test_a_rejected_gate_can_be_waived_or_tried_again() -> None:
    """A person's no is not the end of it, and is kept."""
    story = held(check("g", "ask"))
    story.add(*gates.decided(story.run, "g", "reject", actor="bob", reason="no"))
    assert (story.run.status, states(story.run)) == ("gate_failed", {"g": "rejected"})
    story.add(*gates.retried(story.run, actor="alice", reason=""))
    assert (story.run.status, states(story.run)) == ("queued", {"g": "opened"})
    assert [one.decision for one in story.run.approvals] == ["reject", "retry"]


@pytest.mark.parametrize("decision", ["reject", "waive"])
@pytest.mark.parametrize("reason", ["  ", "…", "<>"])
def test_overruling_needs_a_reason(decision: Decision, reason: str) -> None:
    """White space is none, nor what stands for one in a command that was copied."""
    story = held(check("g", "ask"))
    with pytest.raises(ReasonMissingError):
        gates.decided(story.run, "g", decision, actor="alice", reason=reason)


def test_what_no_row_allows_is_refused() -> None:
    """A gate that passed, one that is not there, a run that nothing holds up."""
    story = held(check("g", "fail"))
    with pytest.raises(IllegalTransitionError):
        gates.decided(story.run, "g", "approve", actor="alice", reason="")
    with pytest.raises(GateNotFoundError):
        gates.decided(story.run, "h", "waive", actor="alice", reason="x")
    running = at_checks(check("g", "pass")).run
    with pytest.raises(IllegalTransitionError):
        gates.retried(running, actor="alice", reason="")
    unblocked = at_checks(check("g", "fail", blocking=False)).run
    with pytest.raises(IllegalTransitionError):
        gates.decided(unblocked, "g", "waive", actor="alice", reason="x")
