"""What a run's history tells step by step: when, how often, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from core.events import schema
from core.events.commit import Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAccount:
    """One step: `seconds` are those of its last attempt, `summary` what it said.

    `reused_from` names the run that did it, where this one went on from behind it.
    `logged` says whether lines were kept of any of its tries.
    """

    name: str
    status: str = "pending"
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: float | None = None
    summary: str = ""
    error: str | None = None
    reused_from: str | None = None
    logged: bool = False


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
class ReusedWork:
    """Of the pieces that a step asked for, how many had been done before."""

    step: str
    kind: str
    count: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Steps and gates in the order in which they were first reached."""

    steps: tuple[StepAccount, ...] = ()
    gates: tuple[GateAccount, ...] = ()
    reused: tuple[ReusedWork, ...] = ()


def account(commits: Iterable[Commit]) -> Account:
    """Return what a run's commits, oldest first, tell of its steps and gates."""
    accounting = Accounting()
    for commit in commits:
        accounting.take(commit)
    return accounting.account


class Accounting:
    """Takes the commits of a run one by one, for who cannot hold all of them."""

    def __init__(self) -> None:
        self._steps: dict[str, StepAccount] = {}
        self._gates: dict[str, GateAccount] = {}
        self._reused: list[ReusedWork] = []

    @property
    def account(self) -> Account:
        """Return what the commits so far tell."""
        return Account(
            steps=tuple(self._steps.values()),
            gates=tuple(self._gates.values()),
            reused=tuple(self._reused),
        )

    def take(self, commit: Commit) -> None:
        """Take the commit that follows."""
        for event in commit.events:
            match event:
                case schema.StepMove(subject=name):
                    known = self._steps.get(name, StepAccount(name=name))
                    self._steps[name] = _step(known, event, commit.time)
                case schema.GateMove(subject=name):
                    gate = self._gates.get(name)
                    self._gates[name] = _gate(gate, event, commit.time)
                case schema.WorkReused():
                    values = event.model_dump(exclude={"type"})
                    self._reused.append(ReusedWork(**values))
                case _:
                    pass


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
                logged=known.logged or event.log is not None,
            )
        case schema.StepRetried():
            logged = known.logged or event.log is not None
            return replace(moved, error=event.error, logged=logged)
        case schema.StepReused():
            return replace(moved, reused_from=event.from_run)
        case _:
            return moved


def _gate(
    known: GateAccount | None, event: schema.GateMove, time: datetime
) -> GateAccount:
    begun = known or GateAccount(name=event.subject, status=event.to, opened_at=time)
    moved = replace(begun, status=event.to)
    match event:
        case schema.GateVerdictRecorded():
            return replace(
                moved,
                conclusion=event.conclusion,
                reason=event.reason,
                decided_at=time,
            )
        case schema.ApprovalRequested():
            return replace(moved, reason=event.reason, decided_at=None)
        case schema.ApprovalRecorded():
            return replace(moved, reason=event.reason, decided_at=time)
        case _:
            return replace(moved, conclusion=None, decided_at=None)
