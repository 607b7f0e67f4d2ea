"""Runs as the API shows them."""

from collections import Counter
from datetime import datetime
from typing import Any

from pydantic import Field

from bot.api.answers.base import Shown
from bot.api.answers.parts import GateDetail, StepDetail, WorkDetail, gates_of
from core.runs.account import Account
from core.runs.listing import Page, RunSummary
from core.runs.model import Run
from core.runs.states import Status


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
    family: str = Field(description="the run that it descends from, or itself")
    origin: str = Field(description="request, rerun, branch, merge or dry_run")
    publish: bool = Field(description="whether it says anything at GitHub")


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


class Parent(Shown):
    """A checkpoint of another run that a run went on from."""

    run_id: str
    checkpoint_id: str


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
    checkpoint_id: str | None = Field(description="its last checkpoint")
    parents: list[Parent]
    overrides: dict[str, Any] = Field(
        description="settings that differ from the service's"
    )
    steps: list[StepDetail]
    gates: list[GateDetail]
    reused: list[WorkDetail]
    findings: dict[str, int] = Field(description="how many findings are in each state")
    effects: dict[str, int] = Field(description="how many effects are in each state")

    @classmethod
    def of(cls, run: Run, history: Account) -> "RunDetail":
        """Return the folded run as the API shows it."""
        ended = run.finished_at
        return cls(
            **RunLine.model_validate(line_of(run)).model_dump(),
            base_sha=run.subject.base_sha,
            priority=run.subject.priority,
            owner=run.owner,
            due_at=run.due_at,
            attempt=run.attempt,
            losses=run.losses,
            head_seq=run.head_seq,
            seconds=(ended - run.created_at).total_seconds() if ended else None,
            checkpoint_id=run.checkpoint_id,
            parents=[Parent.model_validate(one) for one in run.parents],
            overrides=run.overrides,
            steps=[StepDetail.model_validate(one) for one in history.steps],
            gates=gates_of(run, history),
            reused=[WorkDetail.model_validate(one) for one in history.reused],
            findings=dict(Counter(run.findings.values())),
            effects=dict(Counter(one.status for one in run.effects.values())),
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
        family=run.family,
        origin=run.origin,
        publish=run.publish,
        parents=run.parents,
    )
