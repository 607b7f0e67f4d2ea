"""Holds claimed runs under their leases, and takes back what others lost hold of."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from core.errors import (
    BlobCorruptError,
    BlobNotFoundError,
    CancelRequestedError,
    CheckpointRedactedError,
    ConcurrencyError,
    LeaseLostError,
    StoreUnavailableError,
    UnavailableError,
)
from core.events.base import JSON, Payload
from core.runs import decide, gates, step_moves
from core.runs.drain import Drain
from core.runs.handle import RunHandle
from core.runs.left import LeftNotes, Letting, Why
from core.runs.limits import Limits
from core.runs.model import Run
from core.runs.pipeline import Ending, Pipeline
from core.runs.projection import LEASED
from core.runs.run_log import RunLog, collecting
from core.runs.service import Runs
from core.runs.setbacks import deadline
from core.runs.states import STOPPED, Status
from core.runs.step_commits import Opening, StepCommits
from core.runs.walk import Walk, cancelled

# Where others move a held run: a walk that has not ended never brings it there itself.
TAKEN = (Status.CANCELLING, Status.CANCELLED, Status.PAUSED, Status.QUEUED)
# Where people are waited for, and how a run ends when nobody comes.
AT_GATES = {Status.WAITING_GATE: "cancel", Status.GATE_FAILED: "abandon"}
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many runs at once, and the seconds of leases, heartbeats and polls.

    `drain` is how long a step in hand may go on once the worker is told to stop,
    `settling` how long a move may take to be seen in the list of runs.
    """

    slots: int = 2
    lease: float = 30.0
    heartbeat: float = 1.0
    poll: float = 1.0
    losses: int = 5
    drain: float = 20.0
    settling: float = 5.0


class Holder:
    """What one worker does with a run between its claim and its release."""

    def __init__(
        self,
        runs: Runs,
        pipelines: Mapping[str, Pipeline],
        *,
        name: str,
        pace: Pace,
        limits: Limits,
    ) -> None:
        self.name = name
        self._runs = runs
        self._pipelines = pipelines
        self._pace = pace
        self._limits = limits
        self._clock = runs.clock
        self.drain = Drain(clock=runs.clock, grace=pace.drain)
        self.left = LeftNotes(
            runs.journal, clock=runs.clock, mask=runs.checkpoints.mask
        )

    def opening(self, run: Run) -> Opening:
        """Return what a claim of this run begins with; empty when it has no chance."""
        if self._spent(run) is not None or self.drain.begun:
            return Opening()
        pipeline = self._pipelines[run.subject.pipeline]
        return StepCommits(self._runs.checkpoints).opening(run, pipeline.steps)

    async def hold(self, handle: RunHandle) -> Run:
        """Walk a claimed run to its end, or to where it is put off, lost or left."""
        runs = self._runs
        handle.run_log = RunLog(runs.logs.keep, runs.exchanges.keep)
        with collecting(handle.run.id, handle.run_log):
            return await self._guarded(handle)

    async def _guarded(self, handle: RunHandle) -> Run:
        try:
            return await self._held(handle)
        except LeaseLostError as error:
            log.warning("run.lost", run_id=handle.run.id, reason=str(error))
            await self._leave(handle, "fenced", error)
        except (ConcurrencyError, UnavailableError) as error:
            # What stands open is closed by whoever takes the run when the lease ends.
            log.warning("run.left", run_id=handle.run.id, reason=str(error))
            await self._leave(handle, "unavailable", error)
        except Exception as error:
            # One broken run must not end the worker; losing it often enough buries it.
            log.exception("run.left", run_id=handle.run.id)
            await self._leave(handle, "crashed", error)
        return handle.run

    async def _leave(self, handle: RunHandle, why: Why, error: Exception) -> None:
        letting = Letting(
            run=handle.run,
            worker=self.name,
            fence=handle.fence or 0,
            step=handle.run_log.step if handle.run_log is not None else "",
            why=why,
        )
        await self.left.leave(letting, error)

    async def _held(self, handle: RunHandle) -> Run:
        state, unreadable = await self._state_of(handle.run)
        walk = self._walk(handle, state)
        walking = asyncio.create_task(self._walked(handle.run, walk, unreadable))
        beating = asyncio.create_task(self._beat(handle, walking))
        try:
            with self.drain.holding(walking):
                return await walking
        except asyncio.CancelledError:
            return await self._interrupted(handle, walk)
        except CancelRequestedError:
            return await self._finish_cancel(handle, walk)
        finally:
            await cancelled(walking)
            await cancelled(beating)

    async def _walked(self, run: Run, walk: Walk, unreadable: str | None) -> Run:
        spent = self._spent(run)
        if spent is not None:
            dead = Ending(kind="dead", reason=spent)
            return await walk.end_early("exhaust", dead, self.name)
        if unreadable is not None:
            failed = Ending(kind="failed", reason=unreadable)
            return await walk.end_early("fail", failed, self.name)
        return await walk.to_the_end(self.name)

    def _spent(self, run: Run) -> str | None:
        """Return why a run has no more chances; None when it has."""
        if run.losses >= self._pace.losses:
            return f"{run.losses} workers were lost over it"
        if self._clock.now() >= deadline(run, self._limits):
            return f"not done {self._limits.run_seconds:g} seconds after it was queued"
        return None

    async def _interrupted(self, handle: RunHandle, walk: Walk) -> Run:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise asyncio.CancelledError
        run = await handle.refresh()
        if run.fence != handle.fence:
            raise LeaseLostError(run_id=run.id, fence=handle.fence)
        if run.status is Status.CANCELLING:
            return await self._finish_cancel(handle, walk)
        if self.drain.over:
            return await walk.hand_back(self.name)
        return run

    async def _state_of(self, run: Run) -> tuple[JSON, str | None]:
        """Return the state to go on from; when there is none any more, why."""
        try:
            return await self._runs.state_of(run), None
        except (BlobNotFoundError, BlobCorruptError, CheckpointRedactedError) as error:
            return {}, f"its last checkpoint cannot be read: {error}"

    def _walk(self, handle: RunHandle, state: JSON) -> Walk:
        return Walk(
            handle,
            state,
            pipeline=self._pipelines[handle.run.subject.pipeline],
            checkpoints=self._runs.checkpoints,
            clock=self._clock,
            limits=self._limits,
            drain=self.drain,
        )

    async def _beat(self, handle: RunHandle, walking: asyncio.Task[Run]) -> None:
        """Extend the lease; when it is gone, or the run is to end, stop the walk."""
        while handle.run.status in LEASED:
            await self._clock.sleep(self._pace.heartbeat)
            try:
                if not await self._still_held(handle, walking):
                    return
            except StoreUnavailableError as error:
                log.warning("heartbeat.failed", reason=str(error))
            except Exception:
                # The next may get through, and the lease outlasts a few of them.
                log.exception("heartbeat.failed", run_id=handle.run.id)

    async def _still_held(self, handle: RunHandle, walking: asyncio.Task[Run]) -> bool:
        projection = self._runs.projection
        await self._runs.projector.settled(handle.run.id)
        until = self._clock.now() + timedelta(seconds=self._pace.lease)
        seen = handle.run
        if seen.status not in LEASED:
            return False
        if await projection.heartbeat(seen, until):
            handle.held_until = until
            return True
        # Either the run has moved on, or the projection lags behind the journal.
        run = await self._runs.load(seen.id)
        if run.fence != handle.fence or run.status in TAKEN:
            walking.cancel()
        if run.fence != handle.fence or run.status not in LEASED:
            return False
        await projection.save(run)
        if await projection.heartbeat(run, until):
            handle.held_until = until
        return True

    async def _finish_cancel(self, handle: RunHandle, walk: Walk) -> Run:
        handle.closing = True
        reason = _why_cancelled(handle.run)
        await walk.close(Ending(kind="cancelled", reason=reason))

        def finish(run: Run) -> tuple[Payload, ...]:
            if run.status is not Status.CANCELLING:
                return ()
            move = decide.moved(run, "finish_cancel", actor=self.name, reason=reason)
            return (*step_moves.steps_cancelled(run), move)

        return await handle.append(finish)

    async def take_back(self, handle: RunHandle) -> bool:
        """Take a run from a holder that stopped reporting; False when none had it.

        One that was to be cancelled is closed and cancelled here.
        """
        run = handle.run
        if run.status not in LEASED or run.due_at > self._clock.now():
            # The projection lags behind the journal.
            await self._runs.projection.save(run)
            return False
        if run.status is Status.CANCELLING:
            return await self._close_lost(handle)
        reason = f"{run.owner} did not report for {self._pace.lease:g} seconds"
        await handle.append(
            lambda now: decide.taken_back(now, fence=run.fence, reason=reason)
        )
        log.warning("run.taken_back", run_id=run.id, reason=reason)
        self._runs.wake.set()
        return True

    async def expire(self, handle: RunHandle) -> bool:
        """End a run that nobody decided about at its gate; False when it is not late.

        One that a gate stopped has failed; one that still waited is called off.
        """
        run = handle.run
        late = self._clock.now()
        if run.status not in AT_GATES or run.due_at > late:
            # The projection lags behind the journal.
            await self._runs.projection.save(run)
            return False
        if run.subject.pipeline not in self._pipelines:
            return False
        transition, reason = AT_GATES[run.status], f"{_gates(run)}: nobody decided"
        if transition == "cancel":
            state, _ = await self._state_of(run)
            ending = Ending(kind="cancelled", reason=reason)
            await self._walk(handle, state).close(ending)

        def end(run: Run) -> tuple[Payload, ...]:
            if AT_GATES.get(run.status) != transition or run.due_at > late:
                return ()  # somebody did, after all
            return (decide.moved(run, transition, actor="reaper", reason=reason),)

        return (await handle.append(end)).terminal

    async def _close_lost(self, handle: RunHandle) -> bool:
        if handle.run.subject.pipeline not in self._pipelines:
            return False
        state, _ = await self._state_of(handle.run)
        await self._finish_cancel(handle, self._walk(handle, state))
        return True


def _gates(run: Run) -> str:
    held = [*gates.in_state(run.gates, STOPPED | {gates.WAITING})]
    return ", ".join(held) or "a gate"


def _why_cancelled(run: Run) -> str:
    if run.superseded_by:
        return f"superseded by run {run.superseded_by}"
    return run.outcome or "cancelled"
