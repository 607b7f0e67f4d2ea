"""One claimed run's walk through its pipeline, step by step, one commit a step."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from core.checkpoints.capture import Checkpoints
from core.clock import Clock
from core.errors import (
    CancelRequestedError,
    ConcurrencyError,
    LeaseLostError,
    NofxError,
    StepTimeoutError,
    UnavailableError,
)
from core.events.base import JSON, Payload
from core.metrics.handler_cpu import Call, handled
from core.metrics.runs import STEP_SECONDS
from core.runs import decide, gates
from core.runs.children import children_ended
from core.runs.drain import Drain
from core.runs.effects import Effects
from core.runs.failures import failure_of, words_of
from core.runs.handle import Decide, RunHandle
from core.runs.limits import Limits
from core.runs.metering import Meter, metered
from core.runs.model import Run
from core.runs.pipeline import Ending, Pipeline, Step, StepContext, StepOutcome
from core.runs.progress import Progress
from core.runs.setbacks import Failed, Setbacks
from core.runs.states import Status
from core.runs.step_commits import ENDED, Ended, StepCommits
from core.sandbox import Seen, witnessing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Watched:
    """What is seen of a step at work: what it uses, and which programs it ran."""

    meter: Meter
    children: Sequence[Seen]


class Walk:
    """Takes a held run from where it stands to its end.

    `state` is the last checkpoint's. Every commit ends one step and begins the next, so
    that a killed worker loses at most the step that it was in.
    """

    def __init__(
        self,
        handle: RunHandle,
        state: JSON,
        *,
        pipeline: Pipeline,
        checkpoints: Checkpoints,
        clock: Clock,
        limits: Limits,
        drain: Drain,
    ) -> None:
        self._handle = handle
        self._state = state
        self._pipeline = pipeline
        self._checkpoints = checkpoints
        self._commits = StepCommits(checkpoints)
        self._clock = clock
        self._limits = limits
        self._drain = drain
        self._setbacks = Setbacks(handle, close=self.close, clock=clock, limits=limits)

    async def to_the_end(self, worker: str) -> Run:
        """Run every step that has not ended, then succeed; errors end or put it off.

        Raises LeaseLostError and CancelRequestedError, which the holder answers.
        """
        run = self._handle.run
        pending = [s for s in self._pipeline.steps if run.step(s.name) not in ENDED]
        if not pending:
            return await self._handle.append(
                lambda run: (decide.moved(run, "succeed", actor=worker),)
            )
        if self._drain.begun:
            return await self.hand_back(worker)
        # A claim has begun it already, where the state was at hand.
        if run.step(pending[0].name) != "running":
            await self._begin(pending[0])
        for place, step in enumerate(pending):
            following = pending[place + 1] if place + 1 < len(pending) else None
            if not await self._goes_on(step, following, worker):
                break
        return self._handle.run

    async def hand_back(self, worker: str) -> Run:
        """Give the run to whoever claims it next, if it is still this worker's."""
        fence = self._handle.fence

        def decision(run: Run) -> tuple[Payload, ...]:
            if run.status is not Status.RUNNING or run.fence != fence:
                return ()
            return decide.handed_back(run, worker=worker, reason=STOPS)

        return await self._handle.append(decision)

    async def _goes_on(self, step: Step, following: Step | None, worker: str) -> bool:
        """Do a step; False when a gate holds the run up, or an error ended its walk."""
        meter = self._metered_for(step.name)
        with (
            structlog.contextvars.bound_contextvars(step=step.name),
            witnessing() as seen,
            metered(meter),
        ):
            try:
                return await self._one(step, following, worker, _Watched(meter, seen))
            except NOT_OURS:
                raise
            except Exception as error:
                if not isinstance(error, NofxError):
                    run_id = self._handle.run.id
                    log.exception("step.crashed", run_id=run_id, step=step.name)
                mask = self._checkpoints.mask
                failed = Failed(
                    step=step.name,
                    error=error,
                    words=words_of(error, mask=mask),
                    seconds=meter.wall,
                    failure=failure_of(error, mask=mask),
                    used=meter.used,
                    children=children_ended(step.name, seen),
                )
                await self._setbacks.met(failed, worker)
            return False

    def _metered_for(self, step: str) -> Meter:
        """Begin to keep what a step says, and what is asked of GitHub for it."""
        call = Call(f"step:{step}")
        if self._handle.run_log is None:
            return Meter(clock=self._clock, call=call)
        noted = self._handle.run_log.begin(step)
        return Meter(clock=self._clock, call=call, note=noted)

    async def close(self, ending: Ending) -> None:
        """Say at GitHub how the run ends; the holder then appends the end itself.

        A refusal is logged and no more, for the run ends whether GitHub shows it or
        not. Raises UnavailableError, and what `to_the_end` raises.
        """
        try:
            await self._pipeline.close(self._context(""), ending)
        except (*NOT_OURS, UnavailableError):
            raise
        except Exception:
            log.exception("run.unclosed", run_id=self._handle.run.id, kind=ending.kind)

    async def end_early(self, transition: str, ending: Ending, worker: str) -> Run:
        """End a held run without walking it: `fail` or `exhaust`."""
        try:
            await self.close(ending)
        except UnavailableError as error:
            return await self._setbacks.unheard(ending.reason, error, worker)
        return await self._handle.append(
            lambda run: (
                decide.moved(run, transition, actor=worker, reason=ending.reason),
            )
        )

    def _context(self, step: str) -> StepContext:
        effects = Effects(
            self._handle,
            clock=self._clock,
            settle=self._limits.settle_seconds,
            step=step,
        )
        return StepContext(
            run=self._handle.run,
            state=dict(self._state),
            effects=effects,
            progress=Progress(self._handle, step=step, clock=self._clock),
        )

    async def _begin(self, step: Step) -> None:
        captured = await self._checkpoints.capture(self._state)
        await self._handle.append(
            lambda run: self._commits.begun(run, step.name, captured),
            state=captured.inline,
        )

    async def _one(
        self,
        step: Step,
        following: Step | None,
        worker: str,
        watched: "_Watched",
    ) -> bool:
        """Do a step and keep what it left; False when a gate holds the run up."""
        started = self._clock.monotonic()
        try:
            outcome = await self._bounded(step, watched.meter.call)
        finally:
            seconds = self._clock.monotonic() - started
            run_id = self._handle.run.id
            STEP_SECONDS.observe(seconds, run_id=run_id, step=step.name)
        captured = await self._checkpoints.capture({**self._state, **outcome.state})
        self._state = captured.state
        ended = Ended(
            step=step.name,
            outcome=outcome,
            captured=captured,
            seconds=seconds,
            children=children_ended(step.name, watched.children),
            used=watched.meter.used(),
        )
        edge, goes_on = self._edge(ended, following, worker)
        await self._handle.append(edge, state=captured.inline)
        log.info(
            "step.finished"
            if self._handle.run.step(step.name) in ENDED
            else "step.held",
            run_id=self._handle.run.id,
            step=step.name,
            seconds=round(seconds, 3),
            summary=outcome.summary,
        )
        return goes_on

    def _edge(
        self, ended: Ended, following: Step | None, worker: str
    ) -> tuple[Decide, bool]:
        """Return the commit at the end of a step, and whether the walk goes on."""
        commits = self._commits
        passage = gates.passage(self._handle.run, ended.outcome.checks)
        if passage.stopped or passage.waiting:
            until = self._clock.now() + timedelta(seconds=self._limits.gate_seconds)
            return partial(commits.held, ended=ended, worker=worker, until=until), False
        if following is not None and self._drain.begun:
            back = partial(commits.handed_back, worker=worker, reason=STOPS)
            return partial(back, ended=ended), False
        name = following.name if following else None
        return partial(
            commits.ended, ended=ended, following=name, worker=worker
        ), following is not None

    async def _bounded(self, step: Step, call: Call) -> StepOutcome:
        left = self._setbacks.deadline() - self._clock.now()
        limit = max(0.0, min(self._limits.step_seconds, left.total_seconds()))
        bound = asyncio.timeout(limit)
        try:
            async with bound:
                work = step.run(self._context(step.name))
                return await handled(call, work)
        except TimeoutError:
            if not bound.expired():  # the step's own, and a bug of it
                raise
            raise StepTimeoutError(step=step.name, seconds=limit) from None


STOPS = "its worker is told to stop"
NOT_OURS = (CancelRequestedError, ConcurrencyError, LeaseLostError)


async def cancelled(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended, however it ends."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
