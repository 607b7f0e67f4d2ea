"""What a run has used, as the API shows it."""

from dataclasses import asdict

from pydantic import Field

from bot.api.answers.base import Shown
from core.runs.usage import RunUsage


class ChildDetail(Shown):
    """One program that ran in the sandbox."""

    program: str
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    isolation: str = Field(description="the walls around it: `bubblewrap`, `limits`")
    killed_by: str | None = Field(description="the limit that ended it, if one did")
    exit_code: int | None


class CallDetail(Shown):
    """One answer of a reviewer; rules cost no tokens and send no bytes."""

    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    bytes_sent: int
    bytes_received: int


class TryDetail(Shown):
    """One try of a step."""

    step: str
    attempt: int
    ended: str = Field(description="how: `succeed`, `fail`, `back_off`, `lose`, …")
    measured: bool = Field(description="false where its worker could not say")
    wall_seconds: float
    cpu_seconds: float = Field(description="of nofx itself, without its programs")
    github_requests: int
    github_bytes_sent: int
    github_bytes_received: int
    children: list[ChildDetail]
    calls: list[CallDetail]


class TotalsDetail(Shown):
    """All tries together; the peak is that of the largest program."""

    wall_seconds: float
    cpu_seconds: float
    children: int
    children_cpu_seconds: float
    peak_memory_bytes: int
    github_requests: int
    github_bytes_sent: int
    github_bytes_received: int
    model_calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    model_bytes_sent: int
    model_bytes_received: int


class UsageDetail(Shown):
    """What a run has used, try by try, and in all."""

    run_id: str
    tries: list[TryDetail]
    totals: TotalsDetail

    @classmethod
    def of(cls, run_id: str, usage: RunUsage) -> "UsageDetail":
        """Return a run's usage as the API shows it."""
        return cls.model_validate({"run_id": run_id, **asdict(usage)})
