"""Runs as the API shows them."""

from collections import Counter
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.runs.account import Account, GateAccount, StepAccount
from core.runs.listing import Page, RunSummary
from core.runs.model import Run
from core.runs.states import Status


class Shown(BaseModel):
    """A value that is made from one of ours by its attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class RunLine(Shown):
    """One run in a list."""

    id: str
    repository: str
    pull: int = Field(description="0 for a change that is on no GitHub")
    head_sha: str
    pipeline: str
    status: Status
    reason: str = Field(description="why it was asked for")
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    conclusion: str | None
    outcome: str
    superseded_by: str | None


class RunPage(Shown):
    """Runs, newest first."""

    runs: list[RunLine]
    next: str | None = Field(
        description="the cursor of the next page; null when this is the last"
    )

    @classmethod
    def of(cls, page: Page) -> "RunPage":
        """Return the page as the API shows it."""
        lines = [RunLine.model_validate(one) for one in page.runs]
        return cls(runs=lines, next=page.next.cursor() if page.next else None)


class StepDetail(Shown):
    """One step of a run."""

    name: str
    status: str
    attempts: int
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None = Field(description="how long its last attempt took")
    summary: str
    error: str | None

    @classmethod
    def of(cls, step: StepAccount) -> "StepDetail":
        """Return the step as the API shows it."""
        return cls.model_validate(step)


class GateDetail(Shown):
    """One gate of a run."""

    name: str
    status: str
    conclusion: str | None
    reason: str
    opened_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, gate: GateAccount) -> "GateDetail":
        """Return the gate as the API shows it."""
        return cls.model_validate(gate)


class RunDetail(RunLine):
    """Everything that a run's history adds up to."""

    base_sha: str | None
    priority: int
    owner: str | None = Field(description="the worker that holds it")
    due_at: datetime
    attempt: int
    losses: int = Field(description="how often a worker that held it fell silent")
    head_seq: int = Field(description="the number of its last entry in the journal")
    seconds: float | None = Field(description="from its creation to its end")
    checkpoint_id: str | None
    steps: list[StepDetail]
    gates: list[GateDetail]
    findings: dict[str, int] = Field(description="how many findings are in each state")
    effects: dict[str, int] = Field(description="how many effects are in each state")

    @classmethod
    def of(cls, run: Run, history: Account) -> "RunDetail":
        """Return the folded run as the API shows it."""
        ended = run.finished_at
        return cls.model_validate(
            {
                **RunLine.model_validate(line_of(run)).model_dump(),
                "base_sha": run.subject.base_sha,
                "priority": run.subject.priority,
                "owner": run.owner,
                "due_at": run.due_at,
                "attempt": run.attempt,
                "losses": run.losses,
                "head_seq": run.head_seq,
                "seconds": (ended - run.created_at).total_seconds() if ended else None,
                "checkpoint_id": run.checkpoint_id,
                "steps": [StepDetail.of(one) for one in history.steps],
                "gates": [GateDetail.of(one) for one in history.gates],
                "findings": dict(Counter(run.findings.values())),
                "effects": dict(Counter(e.status for e in run.effects.values())),
            }
        )


def line_of(run: Run) -> RunSummary:
    """Return the line that a folded run amounts to."""
    subject = run.subject
    return RunSummary(
        id=run.id,
        repository=subject.repository,
        pull=subject.pull,
        head_sha=subject.head_sha,
        pipeline=subject.pipeline,
        status=run.status,
        reason=subject.reason,
        requested_by=subject.requested_by,
        created_at=run.created_at,
        finished_at=run.finished_at,
        conclusion=run.conclusion,
        outcome=run.outcome,
        superseded_by=run.superseded_by,
    )
