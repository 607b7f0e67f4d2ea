"""What a run has used, try by try: itself, in its programs, at its reviewers; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit
from core.runs.tries import Tries

NOTHING = schema.Used()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildUsage:
    """One program that ran in the sandbox for a step. Seconds, bytes."""

    step: str
    program: str
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    isolation: str
    killed_by: str | None
    exit_code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUsage:
    """One answer of a reviewer. Tokens, US dollars, seconds, bytes."""

    step: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    bytes_sent: int
    bytes_received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TryUsage:
    """One try of a step: what it used itself, its programs and its reviewers.

    `ended` is the transition that ended it. `measured` is False where a worker was gone
    before it could say, or an earlier version of nofx did not.
    """

    step: str
    attempt: int
    ended: str
    measured: bool
    wall_seconds: float
    cpu_seconds: float
    github_requests: int
    github_bytes_sent: int
    github_bytes_received: int
    children: tuple[ChildUsage, ...] = ()
    calls: tuple[CallUsage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """All of it together; the peak of memory is that of the largest program."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    children: int = 0
    children_cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    github_requests: int = 0
    github_bytes_sent: int = 0
    github_bytes_received: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    model_bytes_sent: int = 0
    model_bytes_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUsage:
    """The tries of a run's steps, in the order in which they ended, and their sum."""

    tries: tuple[TryUsage, ...] = ()
    totals: Totals = Totals()


@dataclass(slots=True)
class _Beside:
    """What was told of a step's programs and reviewers before its try ended."""

    children: list[ChildUsage] = field(default_factory=list)
    calls: list[CallUsage] = field(default_factory=list)


def usage_of(commits: Iterable[Commit]) -> RunUsage:
    """Return what a run's commits, oldest first, tell of what it used.

    Programs and reviewers are told of in the commit that ends a try, or before it.
    """
    counting = Tries()
    waiting: dict[str, _Beside] = {}
    tries: list[TryUsage] = []
    for commit in commits:
        ends = [event.subject for event in commit.events if _ends(event)]
        for event in commit.events:
            _note(event, waiting, ends[0] if ends else "")
        for event in commit.events:
            attempt = counting.take(event)
            if _ends(event):
                beside = waiting.pop(event.subject, _Beside())
                tries.append(_try(event, attempt, beside))
    return RunUsage(tries=tuple(tries), totals=_totals(tries))


def _ends(event: Payload) -> TypeGuard[schema.StepFinished | schema.StepRetried]:
    """Return whether an event ends a try that was begun."""
    return (
        isinstance(event, schema.StepFinished | schema.StepRetried)
        and event.from_ == "running"
    )


def _note(event: Payload, waiting: dict[str, _Beside], ended: str) -> None:
    """Keep what an event tells of a step; `ended` is the one that its commit ends."""
    match event:
        case schema.SandboxFinished():
            values = event.model_dump(exclude={"type"})
            waiting.setdefault(event.step, _Beside()).children.append(
                ChildUsage(**values)
            )
        case schema.ModelCalled():
            step = event.step or ended
            values = event.model_dump(
                exclude={"type", "step", "request_model", "record"}
            )
            waiting.setdefault(step, _Beside()).calls.append(
                CallUsage(step=step, model=event.request_model, **values)
            )
        case _:
            pass


def _try(
    end: schema.StepFinished | schema.StepRetried, attempt: int, beside: _Beside
) -> TryUsage:
    used = end.used or NOTHING
    seconds = end.seconds if isinstance(end, schema.StepFinished) else 0.0
    return TryUsage(
        step=end.subject,
        attempt=attempt,
        ended=end.transition,
        measured=end.used is not None,
        wall_seconds=used.wall_seconds if end.used else seconds,
        cpu_seconds=used.cpu_seconds,
        github_requests=used.github_requests,
        github_bytes_sent=used.github_bytes_sent,
        github_bytes_received=used.github_bytes_received,
        children=tuple(beside.children),
        calls=tuple(beside.calls),
    )


def _totals(tries: Sequence[TryUsage]) -> Totals:
    children = [child for one in tries for child in one.children]
    calls = [call for one in tries for call in one.calls]
    return Totals(
        wall_seconds=round(sum(one.wall_seconds for one in tries), 6),
        cpu_seconds=round(sum(one.cpu_seconds for one in tries), 6),
        children=len(children),
        children_cpu_seconds=round(sum(one.cpu_seconds for one in children), 6),
        peak_memory_bytes=max((one.peak_memory_bytes for one in children), default=0),
        github_requests=sum(one.github_requests for one in tries),
        github_bytes_sent=sum(one.github_bytes_sent for one in tries),
        github_bytes_received=sum(one.github_bytes_received for one in tries),
        model_calls=len(calls),
        input_tokens=sum(one.input_tokens for one in calls),
        output_tokens=sum(one.output_tokens for one in calls),
        cost_usd=round(sum(one.cost_usd for one in calls), 9),
        model_bytes_sent=sum(one.bytes_sent for one in calls),
        model_bytes_received=sum(one.bytes_received for one in calls),
    )
