"""From the moves of a run's parts to the run: pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.events import schema
from core.events.base import Move
from core.events.schema import Decision
from core.runs.model import Approval, Effect, Gate, Run
from core.runs.states import STOPPED

# How a decision is told of, once it is made.
DONE: Mapping[Decision, str] = {
    "approve": "approved",
    "reject": "rejected",
    "waive": "waived",
    "retry": "wants a new verdict of",
}


def part(run: Run, event: Move, time: datetime) -> Run:
    """Return the run after a move of one of its parts, decided at `time`."""
    match event:
        case schema.StepMove():
            attempts = run.step_attempts
            if isinstance(event, schema.StepStarted):
                attempts = {**attempts, event.subject: event.attempt}
            return replace(
                run,
                steps={**run.steps, event.subject: event.to},
                step_attempts=attempts,
                fingerprint=_fingerprint(event) or run.fingerprint,
            )
        case schema.EffectMove():
            effects = {**run.effects, event.subject: _effect(run, event)}
            return replace(run, effects=effects)
        case schema.FindingMove():
            return replace(run, findings={**run.findings, event.subject: event.to})
        case schema.GateMove():
            return _gate(run, event, time)
        case _:
            return run


def _fingerprint(event: schema.StepMove) -> str | None:
    match event:
        case schema.StepFinished(failure=failure) | schema.StepRetried(failure=failure):
            return failure.fingerprint if failure is not None else None
        case _:
            return None


def _gate(run: Run, event: schema.GateMove, time: datetime) -> Run:
    known = run.gates.get(event.subject, Gate(status=event.to))
    gate = replace(known, status=event.to)
    changes: dict[str, Any] = {}
    match event:
        case schema.GateVerdictRecorded():
            gate = replace(gate, conclusion=event.conclusion, reason=event.reason)
            changes = {"conclusion": event.conclusion, "outcome": event.reason}
        case schema.ApprovalRequested():
            gate = replace(gate, reason=event.reason, asked_at=time)
            changes = {"outcome": event.reason}
        case schema.ApprovalRecorded():
            gate = replace(gate, reason=event.reason)
            changes = _said(run, event, time)
        case _:
            pass
    return replace(run, gates={**run.gates, event.subject: gate}, **changes)


def _said(run: Run, event: schema.ApprovalRecorded, time: datetime) -> dict[str, Any]:
    """Return what a person's word changes; a waived failure is neutral, not green."""
    others = {name: gate for name, gate in run.gates.items() if name != event.subject}
    stopped = any(gate.status in STOPPED for gate in others.values())
    conclusion = run.conclusion
    if event.decision == "reject" or stopped:
        conclusion = "failure"
    elif event.decision == "retry":
        conclusion = None
    elif event.decision == "waive" and conclusion == "failure":
        conclusion = "neutral"
    because = f": {event.reason}" if event.reason else ""
    return {
        "approvals": (*run.approvals, _approval(event, time)),
        "conclusion": conclusion,
        "outcome": f"{event.actor} {DONE[event.decision]} {event.subject}{because}",
    }


def _approval(event: schema.ApprovalRecorded, time: datetime) -> Approval:
    return Approval(
        gate=event.subject,
        decision=event.decision,
        actor=event.actor,
        reason=event.reason,
        head_sha=event.head_sha,
        at=time,
    )


def _effect(run: Run, event: schema.EffectMove) -> Effect:
    match event:
        case schema.EffectIntended():
            return Effect(
                status=event.to,
                kind=event.kind,
                digest=event.digest,
                step=event.step,
            )
        case schema.EffectInherited():
            return Effect(
                status=event.to,
                kind=event.kind,
                digest=event.digest,
                step=event.step,
                result=event.result,
                from_run=event.from_run,
            )
        case schema.EffectPerformed() | schema.EffectReconciled():
            known = run.effects[event.subject]
            return replace(known, status=event.to, result=event.result)
        case _:
            return replace(run.effects[event.subject], status=event.to, result=None)
