"""One holder's view of a run: decide on what it is now, append, fold."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from core.clock import Clock
from core.errors import (
    CancelRequestedError,
    ConcurrencyError,
    IllegalTransitionError,
    LeaseLostError,
)
from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import Commit
from core.events.journal import Journal
from core.runs import decide
from core.runs.durations import took_time
from core.runs.evolve import evolve, fold
from core.runs.failures import Mask
from core.runs.model import Run, stream_of
from core.runs.run_log import RunLog
from core.runs.states import Status

Decide = Callable[[Run], Sequence[Payload]]


class Projects(Protocol):
    """What shows a run's state to others: at once, or a little later."""

    async def save(self, run: Run) -> None:
        """Take the state."""
        ...


def unmasked(value: JSON) -> JSON:
    """Return what is certain to hold no secret as it is."""
    return value


class RunHandle:
    """Appends to one run; a worker's handle carries the fence of its claim.

    After a lost race the run is read again and decided anew, but a worker goes on only
    while the last claim is its own and nobody asked it to stop. `held_until` is the end
    of its lease as the last heartbeat set it. Without a projection the run stays unseen
    by workers. What `run_log` has of a step is stored when that step's try ends. `mask`
    takes the secrets out of words that come from outside.
    """

    def __init__(
        self,
        run: Run,
        *,
        journal: Journal,
        projection: Projects | None,
        clock: Clock,
        fence: int | None = None,
        mask: Mask = unmasked,
    ) -> None:
        self.run = run
        self.mask = mask
        self.closing = False
        self.held_until: datetime | None = None
        self.run_log: RunLog | None = None
        self._journal = journal
        self._projection = projection
        self._clock = clock
        self.fence = fence

    async def append(self, decision: Decide, *, state: JSON | None = None) -> Run:
        """Append what `decision` says of the run as it is; nothing when it is empty.

        `state` is the checkpointed state to carry inline. Raises LeaseLostError or
        CancelRequestedError when a worker may not go on.
        """
        while True:
            try:
                events = decision(self.run)
            except IllegalTransitionError:
                # Who tried before may have been cut off before others saw what it did.
                await self._project()
                raise
            if not events:
                return self.run
            seen = self.run
            if self.run_log is not None:
                events = await self.run_log.named_in(events)
            if self.run is not seen:
                continue
            draft = decide.draft(self.run, events, self._clock.now(), state=state)
            try:
                commit = await self._journal.append(draft)
            except ConcurrencyError:
                await self.refresh()
                self.check_held()
                continue
            before, self.run = self.run, evolve(self.run, commit)
            took_time(before, self.run, commit)
            if self.run_log is not None:
                self.run_log.end(events)
            await self._project()
            return self.run

    async def refresh(self) -> Run:
        """Read the run again from the journal."""
        self.run = fold(self.run.id, await self.history())
        return self.run

    async def history(self) -> tuple[Commit, ...]:
        """Return the run's commits, oldest first."""
        return await self._journal.read(stream_of(self.run.id))

    async def begun_elsewhere(self, key: str) -> datetime | None:
        """Return when another process last said that it makes a write, if one did."""
        for commit in reversed(await self.history()):
            for event in commit.events:
                if isinstance(event, schema.EffectIntended) and event.subject == key:
                    ours = commit.writer == self._journal.writer
                    return None if ours else commit.time
        return None

    def check_held(self) -> None:
        """Raise when the run is no longer this worker's to go on with."""
        if self.fence is None:
            return
        if self.run.fence != self.fence:
            raise LeaseLostError(run_id=self.run.id, fence=self.fence)
        if self.run.status is Status.CANCELLING and not self.closing:
            raise CancelRequestedError(run_id=self.run.id)
        if self.run.status not in {Status.RUNNING, Status.CANCELLING}:
            raise LeaseLostError(run_id=self.run.id, fence=self.fence)

    def check_lease(self) -> None:
        """Raise LeaseLostError when a worker's lease has run out.

        One that was stopped for long finds out here, before it does anything outside.
        """
        if self.held_until is not None and self._clock.now() >= self.held_until:
            raise LeaseLostError(run_id=self.run.id, fence=self.fence)

    async def _project(self) -> None:
        if self._projection is not None:
            await self._projection.save(self.run)
