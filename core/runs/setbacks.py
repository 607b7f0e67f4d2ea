"""What becomes of a held run whose step failed: put off, ended, or given way."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import (
    CancelRequestedError,
    NofxError,
    RunOutdatedError,
    UnavailableError,
    kinds_of,
)
from core.events.base import Payload
from core.metrics.runs import ERROR_CLASSES, RETRIES
from core.runs import decide, step_moves
from core.runs.handle import RunHandle
from core.runs.limits import Limits
from core.runs.model import Run
from core.runs.pipeline import Ending
from core.runs.retries import GivenUp, Later, Try, next_try

Close = Callable[[Ending], Awaitable[None]]
ERROR_CLASSES.allow(*(kind.__name__ for kind in kinds_of(UnavailableError)))
log = structlog.get_logger()


class Setbacks:
    """Ends or puts off one run; `close` first says at GitHub how it ends."""

    def __init__(
        self, handle: RunHandle, *, close: Close, clock: Clock, limits: Limits
    ) -> None:
        self._handle = handle
        self._close = close
        self._clock = clock
        self._limits = limits

    def deadline(self) -> datetime:
        """Return when the run's time is over, counted from when it was asked for."""
        return deadline(self._handle.run, self._limits)

    async def met(
        self,
        step: str,
        error: Exception,
        worker: str,
        children: tuple[Payload, ...] = (),
    ) -> None:
        """Do what the failure of a step calls for.

        `children` tell of the programs that ran for it, whatever becomes of it. Raises
        CancelRequestedError when the head moved: the run is then cancelled.
        """
        match error:
            case RunOutdatedError():
                await self._outdated(error, worker, children)
            case UnavailableError():
                await self._unavailable(step, error, worker, children)
            case _:
                await self._fail(step, error, worker, children)

    async def _outdated(
        self, error: RunOutdatedError, worker: str, children: tuple[Payload, ...]
    ) -> None:
        await self._handle.append(
            lambda run: (
                *children,
                decide.moved(run, "request_cancel", actor=worker, reason=str(error)),
            )
        )
        raise CancelRequestedError(run_id=self._handle.run.id)

    async def _unavailable(
        self,
        step: str,
        error: UnavailableError,
        worker: str,
        children: tuple[Payload, ...],
    ) -> None:
        failed = Try(
            attempt=self._handle.run.attempt,
            now=self._clock.now(),
            deadline=self.deadline(),
        )
        fraction = self._limits.chance()
        match next_try(error, failed, self._limits.retries, fraction):
            case GivenUp(reason=why):
                await self._bury(step, error, why, worker, children)
            case Later() as later:
                await self._put_off(step, error, later, worker, children)

    async def _bury(
        self,
        step: str,
        error: UnavailableError,
        why: str,
        worker: str,
        children: tuple[Payload, ...],
    ) -> None:
        reason = f"{step}: {error} ({why})"
        await self._close(Ending(kind="dead", reason=reason))
        await self._handle.append(
            lambda run: (
                step_moves.step_ended(run, step, "fail", error=str(error)),
                *children,
                decide.moved(run, "exhaust", actor=worker, reason=reason),
            )
        )

    async def _put_off(
        self,
        step: str,
        error: UnavailableError,
        later: Later,
        worker: str,
        children: tuple[Payload, ...],
    ) -> None:
        reason, due_at = f"{step}: {error}", later.due_at
        run_id = self._handle.run.id
        log.warning("run.put_off", run_id=run_id, reason=reason, due_at=str(due_at))
        await self._handle.append(
            lambda run: (
                *step_moves.steps_put_back(run, "back_off", str(error)),
                *children,
                decide.moved(
                    run, later.transition, actor=worker, reason=reason, due_at=due_at
                ),
            )
        )
        RETRIES.inc(error_class=type(error).__name__)

    async def _fail(
        self,
        step: str,
        error: Exception,
        worker: str,
        children: tuple[Payload, ...],
    ) -> None:
        words = str(error) if isinstance(error, NofxError) else type(error).__name__
        reason = f"{step}: {words}"
        await self._close(Ending(kind="failed", reason=reason))
        await self._handle.append(
            lambda run: (
                step_moves.step_ended(run, step, "fail", error=words),
                *children,
                decide.moved(run, "fail", actor=worker, reason=reason),
            )
        )


def deadline(run: Run, limits: Limits) -> datetime:
    """Return when the run's time is over, counted from when it was last asked for."""
    return run.queued_at + timedelta(seconds=limits.run_seconds)
