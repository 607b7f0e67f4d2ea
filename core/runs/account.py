"""What a run's history tells step by step: when, how often, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAccount:
    """One step: `seconds` are those of its last attempt, `summary` what it said."""

    name: str
    status: str = "pending"
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: float | None = None
    summary: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAccount:
    """One gate: what it decided, for which reason, and when."""

    name: str
    status: str
    conclusion: str | None = None
    reason: str = ""
    opened_at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Steps and gates in the order in which they were first reached."""

    steps: tuple[StepAccount, ...] = ()
    gates: tuple[GateAccount, ...] = ()


def account(commits: Iterable[Commit]) -> Account:
    """Return what a run's commits, oldest first, tell of its steps and gates."""
    steps: dict[str, StepAccount] = {}
    gates: dict[str, GateAccount] = {}
    for commit in commits:
        for event in commit.events:
            if isinstance(event, schema.StepMove):
                known = steps.get(event.subject, StepAccount(name=event.subject))
                steps[event.subject] = _step(known, event, commit.time)
            elif isinstance(event, schema.GateOpened | schema.GateVerdictRecorded):
                known_gate = gates.get(event.subject)
                gates[event.subject] = _gate(known_gate, event, commit.time)
    return Account(steps=tuple(steps.values()), gates=tuple(gates.values()))


def _step(known: StepAccount, event: schema.StepMove, time: datetime) -> StepAccount:
    moved = replace(known, status=event.to)
    match event:
        case schema.StepStarted():
            return replace(
                moved,
                attempts=event.attempt,
                started_at=known.started_at or time,
                finished_at=None,
            )
        case schema.StepFinished():
            return replace(
                moved,
                finished_at=time,
                seconds=event.seconds,
                summary=event.summary,
                error=event.error,
            )
        case schema.StepRetried():
            return replace(moved, error=event.error)
        case _:
            return moved


def _gate(known: GateAccount | None, event: Payload, time: datetime) -> GateAccount:
    if isinstance(event, schema.GateVerdictRecorded):
        begun = known or GateAccount(name=event.subject, status="", opened_at=time)
        return replace(
            begun,
            status=event.to,
            conclusion=event.conclusion,
            reason=event.reason,
            decided_at=time,
        )
    opened = event if isinstance(event, schema.GateOpened) else None
    name, status = (opened.subject, opened.to) if opened else ("", "")
    return GateAccount(name=name, status=status, opened_at=time)
