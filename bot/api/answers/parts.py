"""Steps, gates and effects of a run as the API shows them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from bot.api.answers.base import Shown
from core.runs.account import Account
from core.runs.model import Run


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
    reused_from: str | None = Field(description="the run that did it instead")
    logged: bool = Field(description="whether `/runs/{run_id}/logs` has lines of it")


class WorkDetail(Shown):
    """Pieces of work that had been done before."""

    step: str
    kind: str
    count: int
    of: int


class ApprovalDetail(Shown):
    """What a person decided about a gate."""

    gate: str
    decision: str
    actor: str
    reason: str
    head_sha: str
    at: datetime


class GateDetail(Shown):
    """One gate of a run, with what people decided about it."""

    name: str
    status: str
    conclusion: str | None
    reason: str
    opened_at: datetime
    decided_at: datetime | None
    approvals: list[ApprovalDetail]


class GateList(Shown):
    """A run's gates, in the order in which they were reached."""

    gates: list[GateDetail]


class EffectDetail(Shown):
    """One write to GitHub, as far as it has come."""

    key: str
    kind: str
    step: str
    status: str
    digest: str
    result: dict[str, Any] | None
    from_run: str | None = Field(description="the run that made it, if not this one")


class EffectList(Shown):
    """A run's writes to GitHub."""

    effects: list[EffectDetail]

    @classmethod
    def of(cls, run: Run) -> "EffectList":
        """Return a run's effects as the API shows them."""
        found = [
            EffectDetail(
                key=key,
                kind=one.kind,
                step=one.step,
                status=one.status,
                digest=one.digest,
                result=one.result,
                from_run=one.from_run,
            )
            for key, one in run.effects.items()
        ]
        return cls(effects=found)


def gates_of(run: Run, history: Account) -> list[GateDetail]:
    """Return a run's gates with the approvals of each."""
    return [
        GateDetail(
            name=one.name,
            status=one.status,
            conclusion=one.conclusion,
            reason=one.reason,
            opened_at=one.opened_at,
            decided_at=one.decided_at,
            approvals=[
                ApprovalDetail.model_validate(each)
                for each in run.approvals
                if each.gate == one.name
            ],
        )
        for one in history.gates
    ]
