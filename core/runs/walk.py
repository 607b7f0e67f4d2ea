"""One claimed run's walk through its pipeline, step by step, one commit a step."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.checkpoints.capture import Captured, Checkpoints
from core.clock import Clock
from core.errors import (
    CancelRequestedError,
    ConcurrencyError,
    LeaseLostError,
    NofxError,
    RunOutdatedError,
    StepTimeoutError,
    UnavailableError,
)
from core.events.base import JSON, Payload
from core.metrics.registry import STEP_SECONDS
from core.runs import decide, step_moves
from core.runs.effects import Effects
from core.runs.handle import RunHandle
from core.runs.model import Run
from core.runs.pipeline import Ending, Pipeline, Step, StepContext, StepOutcome
from core.runs.states import STEP

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a step may take, how often a run is tried, how long it is put off."""

    step_seconds: float = 600.0
    attempts: int = 5
    back_off_seconds: float = 2.0
    back_off_most: float = 300.0
    settle_seconds: float = 2.0


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
    ) -> None:
        self._handle = handle
        self._state = state
        self._pipeline = pipeline
        self._checkpoints = checkpoints
        self._clock = clock
        self._limits = limits
        self._effects = Effects(handle, clock=clock, settle=limits.settle_seconds)

    async def to_the_end(self, worker: str) -> Run:
        """Run every step that has not ended, then succeed; errors end or put it off.

        Raises LeaseLostError and CancelRequestedError, which the holder answers.
        """
        run = self._handle.run
        pending = [s for s in self._pipeline.steps if run.step(s.name) not in ENDED]
        if not pending:
            return await self._handle.append(lambda run: (_succeed(run, worker),))
        await self._begin(pending[0])
        for place, step in enumerate(pending):
            following = pending[place + 1] if place + 1 < len(pending) else None
            try:
                await self._one(step, following, worker)
            except NOT_OURS:
                raise
            except RunOutdatedError as error:
                return await self._outdated(error, worker)
            except UnavailableError as error:
                return await self._put_off(step, error, worker)
            except Exception as error:
                if not isinstance(error, NofxError):
                    log.exception("step.crashed", run_id=run.id, step=step.name)
                return await self._fail(step, error, worker)
        return self._handle.run

    async def _outdated(self, error: RunOutdatedError, worker: str) -> Run:
        await self._handle.append(
            lambda run: (
                decide.moved(run, "request_cancel", actor=worker, reason=str(error)),
            )
        )
        raise CancelRequestedError(run_id=self._handle.run.id)

    async def close(self, ending: Ending) -> None:
        """Say at GitHub how the run ends; the holder then appends the end itself.

        A refusal is logged and no more, for the run ends whether GitHub shows it or
        not. Raises UnavailableError, and what `to_the_end` raises.
        """
        try:
            await self._pipeline.close(self._context(), ending)
        except (*NOT_OURS, UnavailableError):
            raise
        except Exception:
            log.exception("run.unclosed", run_id=self._handle.run.id, kind=ending.kind)

    async def end_early(self, transition: str, ending: Ending, worker: str) -> Run:
        """End a held run without walking it: `fail` or `exhaust`."""
        await self.close(ending)
        return await self._handle.append(
            lambda run: (
                decide.moved(run, transition, actor=worker, reason=ending.reason),
            )
        )

    def _context(self) -> StepContext:
        return StepContext(
            run=self._handle.run, state=dict(self._state), effects=self._effects
        )

    async def _begin(self, step: Step) -> None:
        captured = await self._checkpoints.capture(self._state)
        await self._handle.append(
            lambda run: self._started(run, step, captured, run.checkpoint_id),
            state=captured.inline,
        )

    async def _one(self, step: Step, following: Step | None, worker: str) -> None:
        started = self._clock.monotonic()
        outcome = await self._bounded(step)
        seconds = self._clock.monotonic() - started
        STEP_SECONDS.labels(step=step.name).observe(seconds)
        captured = await self._checkpoints.capture({**self._state, **outcome.state})
        self._state = captured.state

        def ended(run: Run) -> tuple[Payload, ...]:
            checkpoint = self._checkpoints.event(
                captured, kind="after", step=step.name, parent=run.checkpoint_id
            )
            after: tuple[Payload, ...] = (
                step_moves.step_ended(
                    run, step.name, "succeed", summary=outcome.summary, seconds=seconds
                ),
                *outcome.events,
                checkpoint,
            )
            if following is None:
                return (*after, _succeed(run, worker))
            parent = checkpoint.checkpoint_id
            return (*after, *self._started(run, following, captured, parent))

        await self._handle.append(ended, state=captured.inline)
        log.info(
            "step.finished",
            run_id=self._handle.run.id,
            step=step.name,
            seconds=round(seconds, 3),
            summary=outcome.summary,
        )

    async def _bounded(self, step: Step) -> StepOutcome:
        limit = self._limits.step_seconds
        bound = asyncio.timeout(limit)
        try:
            async with bound:
                return await step.run(self._context())
        except TimeoutError:
            if not bound.expired():  # the step's own, and a bug of it
                raise
            raise StepTimeoutError(step=step.name, seconds=limit) from None

    def _started(
        self, run: Run, step: Step, captured: Captured, parent: str | None
    ) -> Sequence[Payload]:
        before = self._checkpoints.event(
            captured, kind="before", step=step.name, parent=parent
        )
        return (*step_moves.step_started(run, step.name), before)

    async def _put_off(self, step: Step, error: UnavailableError, worker: str) -> Run:
        run = self._handle.run
        reason = f"{step.name}: {error}"
        if run.attempt >= self._limits.attempts:
            await self.close(Ending(kind="dead", reason=reason))
            return await self._handle.append(
                lambda run: (
                    step_moves.step_ended(run, step.name, "fail", error=str(error)),
                    decide.moved(run, "exhaust", actor=worker, reason=reason),
                )
            )
        due_at = self._due_at(run.attempt, error)
        log.warning("run.put_off", run_id=run.id, reason=reason, due_at=str(due_at))
        return await self._handle.append(
            lambda run: (
                *step_moves.steps_put_back(run, "back_off", str(error)),
                decide.moved(
                    run, "back_off", actor=worker, reason=reason, due_at=due_at
                ),
            )
        )

    def _due_at(self, attempt: int, error: UnavailableError) -> datetime:
        told = error.facts.get("retry_at")
        if isinstance(told, datetime):
            return told
        delay = min(
            self._limits.back_off_seconds * 2 ** (attempt - 1),
            self._limits.back_off_most,
        )
        return self._clock.now() + timedelta(seconds=delay)

    async def _fail(self, step: Step, error: Exception, worker: str) -> Run:
        words = str(error) if isinstance(error, NofxError) else type(error).__name__
        reason = f"{step.name}: {words}"
        await self.close(Ending(kind="failed", reason=reason))
        return await self._handle.append(
            lambda run: (
                step_moves.step_ended(run, step.name, "fail", error=words),
                decide.moved(run, "fail", actor=worker, reason=reason),
            )
        )


ENDED = STEP.terminal
NOT_OURS = (CancelRequestedError, ConcurrencyError, LeaseLostError)


def _succeed(run: Run, worker: str) -> Payload:
    return decide.moved(run, "succeed", actor=worker)


async def cancelled(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended, however it ends."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
