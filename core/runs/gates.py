"""How a run's gates move: pure, from checks and people's decisions to events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import GateNotFoundError, ReasonMissingError
from core.events import schema
from core.events.base import Payload
from core.events.schema import Decision
from core.runs import decide
from core.runs.model import Gate, Run
from core.runs.states import GATE, RUN, STOPPED, Status

Outcome = Literal["pass", "fail", "ask", "skip"]
WAITING = "waiting_approval"
ORDER: Sequence[Outcome] = ("skip", "pass", "ask", "fail")
# Approving asks for no words; overruling a gate, or a person who waits, does.
NEEDS_REASON = frozenset({"reject", "waive"})
MOVES: Mapping[Decision, str] = {
    "approve": "approve",
    "reject": "reject",
    "waive": "waive",
    "retry": "reopen",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a step says about a gate; `ask` puts it before a person.

    `conclusion` is a check run's at GitHub, `reason` the sentence that is shown. A
    failure that is not `blocking` is recorded and holds nothing up.
    """

    gate: str
    outcome: Outcome
    conclusion: str
    reason: str
    blocking: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The events that checks bring about, and the gates that hold the run up.

    `stopped` are those that failed or were rejected, `waiting` those that wait for a
    person.
    """

    events: tuple[Payload, ...]
    stopped: tuple[str, ...]
    waiting: tuple[str, ...]


def passage(run: Run, checks: Sequence[Check]) -> Passage:
    """Take checks to their gates; a gate that has been decided stays as it is.

    What holds the run up is recorded last, so that the run's outcome names it.
    """
    events: list[Payload] = []
    gates = dict(run.gates)
    for check in sorted(checks, key=lambda one: ORDER.index(one.outcome)):
        known = gates.get(check.gate)
        if known is not None and known.status != "opened":
            continue
        moves = tuple(_moves(check, known, run.subject.head_sha))
        events += moves
        gates[check.gate] = Gate(
            status=moves[-1].to, conclusion=check.conclusion, reason=check.reason
        )
    held = {check.gate for check in checks if check.blocking}
    return Passage(
        events=tuple(events),
        stopped=tuple(one for one in in_state(gates, STOPPED) if one in held),
        waiting=in_state(gates, {WAITING}),
    )


def _moves(
    check: Check, known: Gate | None, head_sha: str
) -> Iterable[schema.GateMove]:
    name, outcome = check.gate, check.outcome
    if known is None and outcome == "skip":
        yield _verdict(check, "skip", None)
        return
    if known is None:
        to = GATE.step("open", None)
        yield schema.GateOpened(subject=name, transition="open", from_=None, to=to)
    if outcome == "ask":
        yield schema.ApprovalRequested(
            subject=name,
            transition="ask",
            from_="opened",
            to=GATE.step("ask", "opened"),
            reason=check.reason,
            head_sha=head_sha,
        )
        return
    yield _verdict(check, "fail" if outcome == "fail" else "pass", "opened")


def _verdict(
    check: Check, transition: str, from_: str | None
) -> schema.GateVerdictRecorded:
    return schema.GateVerdictRecorded(
        subject=check.gate,
        transition=transition,
        from_=from_,
        to=GATE.step(transition, from_),
        conclusion=check.conclusion,
        reason=check.reason,
    )


def stands(run: Run, name: str, decision: Decision, *, actor: str, reason: str) -> bool:
    """Return whether this very decision was recorded before."""
    said = [(one.gate, one.decision, one.actor, one.reason) for one in run.approvals]
    return (name, decision, actor, reason) in said


def decided(
    run: Run, name: str, decision: Decision, *, actor: str, reason: str
) -> tuple[Payload, ...]:
    """Record what a person decides about a gate, and move the run when that frees it.

    Raises GateNotFoundError, ReasonMissingError, IllegalTransitionError.
    """
    # A placeholder that was copied with its command says nothing either.
    if decision in NEEDS_REASON and not any(map(str.isalnum, reason)):
        raise ReasonMissingError(decision=decision, gate=name)
    recorded = _recorded(run, name, decision, actor=actor, reason=reason)
    gates = {**run.gates, name: Gate(status=recorded.to)}
    words = reason or f"{decision} {name}"
    return (recorded, *_run_moves(run, gates, actor=actor, reason=words))


def retried(run: Run, *, actor: str, reason: str) -> tuple[Payload, ...]:
    """Open every gate again that failed or was rejected, and queue the run.

    Raises IllegalTransitionError when there is none.
    """
    names = in_state(run.gates, STOPPED)
    if not names:
        RUN.step("retry_gate", run.status)
    recorded = tuple(
        _recorded(run, name, "retry", actor=actor, reason=reason) for name in names
    )
    gates = {**run.gates, **{one.subject: Gate(status=one.to) for one in recorded}}
    words = reason or f"retry {', '.join(names)}"
    return (*recorded, *_run_moves(run, gates, actor=actor, reason=words))


def _recorded(
    run: Run, name: str, decision: Decision, *, actor: str, reason: str
) -> schema.ApprovalRecorded:
    gate = run.gates.get(name)
    if gate is None:
        known = ", ".join(run.gates) or "none so far"
        raise GateNotFoundError(run_id=run.id, gate=name, known=known)
    return schema.ApprovalRecorded(
        subject=name,
        transition=MOVES[decision],
        from_=gate.status,
        to=GATE.step(MOVES[decision], gate.status),
        decision=decision,
        actor=actor,
        reason=reason,
        head_sha=run.subject.head_sha,
    )


def _run_moves(
    run: Run, gates: Mapping[str, Gate], *, actor: str, reason: str
) -> tuple[Payload, ...]:
    stopped = bool(in_state(gates, STOPPED))
    waiting = bool(in_state(gates, {WAITING}))
    match run.status:
        case Status.WAITING_GATE if stopped:
            return (decide.moved(run, "reject_gate", actor=actor, reason=reason),)
        case Status.WAITING_GATE if not waiting:
            return (decide.moved(run, "pass_gate", actor=actor, reason=reason),)
        case Status.GATE_FAILED if not stopped:
            return (decide.moved(run, "retry_gate", actor=actor, reason=reason),)
        case Status.WAITING_GATE | Status.GATE_FAILED:
            return ()
        case _:
            # Nothing waits for the decision: the table says so in its own words.
            RUN.step("pass_gate", run.status)
            return ()


def in_state(gates: Mapping[str, Gate], states: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the gates that are in one of these states."""
    wanted = set(states)
    return tuple(name for name, gate in gates.items() if gate.status in wanted)
