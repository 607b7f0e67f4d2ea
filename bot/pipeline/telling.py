"""Says on the check run where a review is, when a step of it lasts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.pipeline.ports import Desk, DeskFor
from core.errors import NofxError, UnavailableError
from core.runs.pipeline import Step, StepContext, StepOutcome

# Seconds after which people who look at a pull request wonder. What is over sooner
# costs GitHub no write: it allows few, and each waits for its turn.
LASTING = 3.0
# Seconds that a message on its way may hold up the end of a step. Cut off sooner, it
# could reach GitHub after the check's last word.
PARTING = 1.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Told:
    """A step that is shown on the check run while it lasts."""

    step: Step
    desk_for: DeskFor

    @property
    def name(self) -> str:
        """Return the step's name."""
        return self.step.name

    async def run(self, context: StepContext) -> StepOutcome:
        """Take the step; GitHub's trouble with showing it is not its own."""
        run, desk = context.run, self.desk_for(context.run)
        # A ruling that people changed is shown by the next ruling alone.
        if run.approvals:
            return await self.step.run(context)
        try:
            await desk.announce(run, context.effects)
        except UnavailableError as error:
            self._unseen(error)
            # Making the check beside the step, which may make it too, could make two.
            return await self.step.run(context)
        async with _if_it_lasts(lambda: self._progress(desk, context)):
            return await self.step.run(context)

    async def _progress(self, desk: Desk, context: StepContext) -> None:
        try:
            await desk.progress(context.run, context.effects, self.name)
        except NofxError as error:
            self._unseen(error)

    def _unseen(self, error: NofxError) -> None:
        """Go on: progress is for the eye, a review does not fail for want of it."""
        log.warning("progress.unseen", step=self.name, reason=str(error))


@asynccontextmanager
async def _if_it_lasts(tell: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Tell once when the block lasts; after it nothing is on its way any more."""
    over = asyncio.Event()

    async def watch() -> None:
        try:
            async with asyncio.timeout(LASTING):
                await over.wait()
        except TimeoutError:
            await tell()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        over.set()
        try:
            await asyncio.wait({watching}, timeout=PARTING)
        finally:
            watching.cancel()
