"""What becomes of a held run whose step failed: put off, ended, or given way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.clock import Clock
from core.errors import (
    CancelRequestedError,
    RunOutdatedError,
    UnavailableError,
    kinds_of,
)
from core.events.base import Payload
from core.events.schema import Failure, Used
from core.metrics.runs import ERROR_CLASSES, RETRIES
from core.runs import decide, step_moves
from core.runs.failures import words_of
from core.runs.handle import RunHandle
from core.runs.limits import Limits
from core.runs.model import Run
from core.runs.pipeline import Ending
from core.runs.retries import GivenUp, Later, Try, next_try
from core.runs.tries import outages

Close = Callable[[Ending], Awaitable[None]]
ERROR_CLASSES.allow(*(kind.__name__ for kind in kinds_of(UnavailableError)))
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A step that an error ended after so many seconds; `words` say it, masked.

    `children` tell of the programs that ran for it, whatever becomes of it, `failure`
    what the error was, and `used` what the try has used by the time that it is asked.
    """

    step: str
    error: Exception
    words: str
    seconds: float
    failure: Failure
    used: Callable[[], Used]
    children: tuple[Payload, ...] = ()

    def ended(self, run: Run) -> Payload:
        """Return the step's end as a failure."""
        return step_moves.step_ended(
            run,
            self.step,
            "fail",
            seconds=self.seconds,
            error=self.words,
            tried=self._tried(),
        )

    def put_back(self, run: Run) -> tuple[Payload, ...]:
        """Put the step off until it is due again."""
        return step_moves.steps_put_back(run, "back_off", self.words, self._tried())

    def _tried(self) -> step_moves.Tried:
        return step_moves.Tried(failure=self.failure, used=self.used())


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

    async def met(self, failed: Failed, worker: str) -> None:
        """Do what the failure of a step calls for.

        Raises CancelRequestedError when the head moved: the run is then cancelled.
        """
        match failed.error:
            case RunOutdatedError():
                await self._outdated(failed, worker)
            case UnavailableError() as error:
                await self._unavailable(failed, error, worker)
            case _:
                await self._fail(failed, worker)

    async def _outdated(self, failed: Failed, worker: str) -> None:
        await self._handle.append(
            lambda run: (
                *failed.children,
                decide.moved(run, "request_cancel", actor=worker, reason=failed.words),
            )
        )
        raise CancelRequestedError(run_id=self._handle.run.id)

    async def _unavailable(
        self, failed: Failed, error: UnavailableError, worker: str
    ) -> None:
        retries = self._limits.retries
        before = outages(await self._handle.history())
        tried = Try(
            attempt=retries.attempt(error, before),
            now=self._clock.now(),
            deadline=self.deadline(),
        )
        fraction = self._limits.chance()
        match next_try(error, tried, retries, fraction):
            case GivenUp(reason=why):
                await self._bury(failed, why, worker)
            case Later() as later:
                await self._put_off(failed, later, worker)

    async def _bury(self, failed: Failed, why: str, worker: str) -> None:
        reason = f"{failed.step}: {failed.words} ({why})"
        try:
            await self._close(Ending(kind="dead", reason=reason))
        except UnavailableError as error:
            await self.unheard(reason, error, worker, failed)
            return
        await self._handle.append(
            lambda run: (
                failed.ended(run),
                *failed.children,
                decide.moved(run, "exhaust", actor=worker, reason=reason),
            )
        )

    async def unheard(
        self,
        reason: str,
        error: UnavailableError,
        worker: str,
        failed: Failed | None = None,
    ) -> Run:
        """Put off a run that is to end until GitHub can be told so.

        To leave it instead would count as a worker lost, and tell that as the reason.
        """
        now, told = self._clock.now(), error.facts.get("retry_at")
        due_at = now + timedelta(seconds=self._limits.unheard_seconds)
        if isinstance(told, datetime):
            due_at = max(told, now)
        words = f"{reason}; not said yet: {words_of(error, mask=self._handle.mask)}"
        log.warning("run.unheard", run_id=self._handle.run.id, reason=words)

        def wait(run: Run) -> tuple[Payload, ...]:
            back = () if failed is None else (*failed.put_back(run), *failed.children)
            move = decide.moved(
                run, "wait_turn", actor=worker, reason=words, due_at=due_at
            )
            return (*back, move)

        return await self._handle.append(wait)

    async def _put_off(self, failed: Failed, later: Later, worker: str) -> None:
        due_at = later.due_at
        reason = f"{failed.step}: {failed.words}"
        run_id = self._handle.run.id
        log.warning("run.put_off", run_id=run_id, reason=reason, due_at=str(due_at))
        await self._handle.append(
            lambda run: (
                *failed.put_back(run),
                *failed.children,
                decide.moved(
                    run, later.transition, actor=worker, reason=reason, due_at=due_at
                ),
            )
        )
        RETRIES.inc(error_class=type(failed.error).__name__)

    async def _fail(self, failed: Failed, worker: str) -> None:
        reason = f"{failed.step}: {failed.words}"
        await self._close(Ending(kind="failed", reason=reason))
        await self._handle.append(
            lambda run: (
                failed.ended(run),
                *failed.children,
                decide.moved(run, "fail", actor=worker, reason=reason),
            )
        )


def deadline(run: Run, limits: Limits) -> datetime:
    """Return when the run's time is over, counted from when it was last asked for."""
    return run.queued_at + timedelta(seconds=limits.run_seconds)
