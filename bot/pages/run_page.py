"""What the page of one run shows, gathered from the API's answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from bot.api.answers.checkpoints import CheckpointLine, CheckpointList
from bot.api.answers.families import Family
from bot.api.answers.parts import EffectList, GateDetail, StepDetail
from bot.api.answers.run_findings import FindingState, RunFinding, RunFindings
from bot.api.answers.runs import RunDetail
from bot.api.answers.usage import UsageDetail
from bot.pages.asking import Looker, Part
from bot.pipeline.review_pipeline import DRY_NAME
from core.access.tokens import Scope
from core.rca.kept import Bundle
from core.runs.states import GATE, RUN, Status

PATH = "/runs/{run_id}"
# The states in which the page says first what went wrong.
TROUBLE = frozenset({Status.FAILED, Status.DEAD, Status.GATE_FAILED, Status.RETRY_WAIT})
# What can be done with a run by a button, in this order.
MOVES = ("pause", "resume", "cancel")
SHORTEST = 0.001  # seconds
THINNEST = 0.6
# Finds the newest bundle of a run, if there is one.
Newest = Callable[[str], Awaitable[Bundle | None]]
UNSEEN = frozenset({FindingState.FILTERED, FindingState.PROPOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Where a step lies in its run's time, in hundredths of it."""

    begin: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step, and its bar once it has begun."""

    step: StepDetail
    bar: Bar | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One gate, and what may be decided about it."""

    gate: GateDetail
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Everything on the page of one run."""

    run: RunDetail
    steps: Sequence[StepRow]
    gates: Sequence[GateRow]
    moves: tuple[str, ...]
    over: bool
    operates: bool
    bundle: Bundle | None
    checkpoints: Part[CheckpointList]
    findings: Part[RunFindings]
    effects: Part[EffectList]
    usage: Part[UsageDetail]
    family: Part[Family]

    @property
    def trouble(self) -> bool:
        """Return whether something is to be explained."""
        return self.run.status in TROUBLE

    @property
    def errors(self) -> tuple[StepDetail, ...]:
        """Return the steps that say what went wrong."""
        return tuple(one.step for one in self.steps if one.step.error)

    @property
    def by_state(self) -> Iterator[tuple[bool, Sequence[RunFinding]]]:
        """Yield the findings that people see, and then those that they do not."""
        found = self.findings.found.findings if self.findings.found else []
        ordered = sorted(found, key=lambda one: one.state in UNSEEN)
        for unseen, group in groupby(ordered, key=lambda one: one.state in UNSEEN):
            yield unseen, [*group]

    @property
    def reruns(self) -> bool:
        """Return whether it can be run again; what is on no GitHub cannot."""
        ended = self.over or self.run.status is Status.GATE_FAILED
        return self.operates and ended and self.run.pull > 0

    @property
    def branches(self) -> bool:
        """Return whether it can be gone on from with other settings."""
        return self.operates and bool(self.run.checkpoint_id) and self.run.pull > 0

    @property
    def may_speak(self) -> bool:
        """Return whether a branch of it may say anything at GitHub."""
        return self.run.pull > 0 and self.run.pipeline != DRY_NAME

    @property
    def by_step(self) -> Mapping[str, Sequence[CheckpointLine]]:
        """Return the checkpoints of each step, in their order."""
        found: dict[str, list[CheckpointLine]] = {}
        for one in self.checkpoints.found.checkpoints if self.checkpoints.found else ():
            found.setdefault(one.step, []).append(one)
        return found


async def gathered(
    looker: Looker, run_id: str, *, now: datetime, newest: Newest
) -> RunPage:
    """Ask for everything on the page; raises what `GET /runs/{run_id}` raises.

    The bundle is asked for once the run may be seen, and for whom it is meant.
    """
    run = await looker.get(PATH, RunDetail, ids={"run_id": run_id})
    checkpoints, findings, effects, usage, family = await asyncio.gather(
        looker.part(f"{PATH}/checkpoints", CheckpointList, run_id),
        looker.part(f"{PATH}/findings", RunFindings, run_id),
        looker.part(f"{PATH}/effects", EffectList, run_id),
        looker.part(f"{PATH}/usage", UsageDetail, run_id),
        looker.part(f"{PATH}/tree", Family, run_id),
    )
    operates = looker.token.allows(Scope.OPERATE)
    bundle = await newest(run_id) if operates else None
    possible = RUN.for_people(str(run.status))
    over = run.status in RUN.terminal
    return RunPage(
        run=run,
        steps=[StepRow(step=one, bar=bar) for one, bar in _bars(run, now)],
        gates=[
            GateRow(
                gate=one,
                decisions=GATE.for_people(one.status) if operates and not over else (),
            )
            for one in run.gates
        ],
        moves=tuple(one for one in MOVES if operates and one in possible),
        over=over,
        operates=operates,
        bundle=bundle,
        checkpoints=checkpoints,
        findings=findings,
        effects=effects,
        usage=usage,
        family=family,
    )


def _bars(run: RunDetail, now: datetime) -> Iterator[tuple[StepDetail, Bar | None]]:
    """Yield each step with where it lies in the time in which steps were at work.

    One that has begun and not ended is at work until now, unless the run waits.
    """
    works = run.status in {Status.RUNNING, Status.CANCELLING}
    spans = [(one, _span(one, now if works else None)) for one in run.steps]
    times = [time for _, span in spans if span is not None for time in span]
    first = min(times, default=now)
    whole = max((max(times, default=now) - first).total_seconds(), SHORTEST)
    for step, span in spans:
        if span is None:
            yield step, None
            continue
        begin, length = span[0] - first, span[1] - span[0]
        yield (
            step,
            Bar(
                begin=round(100 * begin.total_seconds() / whole, 2),
                width=round(max(100 * length.total_seconds() / whole, THINNEST), 2),
            ),
        )


def _span(step: StepDetail, now: datetime | None) -> tuple[datetime, datetime] | None:
    end = step.finished_at or now
    if step.started_at is None or end is None or end < step.started_at:
        return None
    return step.started_at, end
