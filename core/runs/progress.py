"""How far a step has come, told now and then while it runs."""

import structlog

from core.clock import Clock
from core.errors import UnavailableError
from core.events.base import Payload
from core.events.schema import StepProgressed
from core.runs.handle import RunHandle
from core.runs.model import Run

EVERY = 2.0
log = structlog.get_logger()


class Progress:
    """Tells of one step's progress, at most once in `every` seconds from its start on.

    So a step that takes less says nothing, and what calls `told` for each of many
    small pieces pays for a look at the clock.
    """

    def __init__(
        self, handle: RunHandle, *, step: str, clock: Clock, every: float = EVERY
    ) -> None:
        self._handle = handle
        self._step = step
        self._clock = clock
        self._every = every
        self._due = clock.monotonic() + every

    async def told(self, done: int, of: int, unit: str) -> None:
        """Say that `done` of `of` pieces are done, unless that was said a moment ago.

        Raises LeaseLostError and CancelRequestedError when the step may not go on.
        """
        if self._clock.monotonic() < self._due:
            return
        # Whoever comes while this is under way comes too soon.
        self._due = float("inf")
        try:
            await self._handle.append(lambda run: self._event(run, done, of, unit))
        except UnavailableError as error:
            # It is for the eye: what else the step writes will meet the same.
            log.warning("progress.untold", step=self._step, reason=str(error))
        finally:
            self._due = self._clock.monotonic() + self._every

    def _event(self, run: Run, done: int, of: int, unit: str) -> tuple[Payload, ...]:
        if run.step(self._step) != "running":
            return ()
        return (
            StepProgressed(
                step=self._step,
                done=done,
                of=of,
                unit=unit,
                attempt=run.step_attempts.get(self._step, 1),
            ),
        )
