"""Claims due runs, holds them under a lease, walks them, and takes back lost ones."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from core.errors import (
    CancelRequestedError,
    ConcurrencyError,
    LeaseLostError,
    StoreUnavailableError,
    UnavailableError,
)
from core.events.base import Payload
from core.metrics.registry import QUEUE_SECONDS, RUNS, WORKING
from core.runs import decide, step_moves
from core.runs.handle import RunHandle
from core.runs.model import Run
from core.runs.pipeline import Ending, Pipeline
from core.runs.service import Runs
from core.runs.states import Status
from core.runs.walk import Limits, Walk, cancelled

WAITING = (Status.QUEUED, Status.RETRY_WAIT)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many runs at once, and the seconds of leases, heartbeats and polls."""

    slots: int = 2
    lease: float = 30.0
    heartbeat: float = 1.0
    poll: float = 1.0
    losses: int = 5


class Worker:
    """Works due runs until it is told to stop; several share one database."""

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
        # Claims read short candidate lists; two slots of one process that read the
        # same list would only race each other.
        self._claiming = asyncio.Lock()
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Fill every slot, and watch for lost runs, until `stop` is called."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pace.slots):
                group.create_task(self._slot())
            group.create_task(self._reaper())

    def stop(self) -> None:
        """Take no more runs; those in hand are finished first."""
        self._stopping.set()
        self._runs.wake.set()

    async def work_one(self) -> Run | None:
        """Claim one due run and walk it to its end; None when nothing is due."""
        handle = await self._claim()
        return None if handle is None else await self._walk_to_end(handle)

    async def work_on(self, run_id: str) -> Run | None:
        """Claim this run and walk it to its end; None when it is not to be had now."""
        handle = await self._take_due(run_id)
        return None if handle is None else await self._walk_to_end(handle)

    async def _walk_to_end(self, handle: RunHandle) -> Run:
        with WORKING.track_inprogress():
            run = await self._hold(handle)
        if run.terminal:
            RUNS.labels(status=str(run.status)).inc()
        return run

    async def reap(self) -> int:
        """Take back runs whose holder let the lease lapse; returns how many."""
        statuses = (Status.RUNNING, Status.CANCELLING)
        ids = await self._runs.projection.due(statuses, self._clock.now())
        taken = 0
        for run_id in ids:
            handle = await self._runs.handle(run_id)
            try:
                taken += await self._take_back(handle)
            except (ConcurrencyError, UnavailableError) as error:
                log.warning("reaper.failed", run_id=run_id, reason=str(error))
        return taken

    async def _slot(self) -> None:
        while not self._stopping.is_set():
            try:
                if await self.work_one() is not None:
                    continue
            except StoreUnavailableError as error:
                log.warning("worker.waiting", reason=str(error))
            await self._runs.rest(self._pace.poll * random.uniform(0.7, 1.3))  # noqa: S311 # jitter

    async def _reaper(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.reap()
            except StoreUnavailableError as error:
                log.warning("reaper.waiting", reason=str(error))
            await self._runs.rest(self._pace.poll * 2)

    async def _claim(self) -> RunHandle | None:
        async with self._claiming:
            ids = await self._runs.projection.due(WAITING, self._clock.now())
            random.shuffle(ids)
            for run_id in ids:
                held = await self._take_due(run_id)
                if held is not None:
                    return held
        return None

    async def _take_due(self, run_id: str) -> RunHandle | None:
        handle = await self._runs.handle(run_id)
        if handle.run.status not in WAITING:
            await self._runs.projection.save(handle.run)
            return None
        if handle.run.subject.pipeline not in self._pipelines:
            return None
        if not await self._take(handle):
            return None
        return await self._runs.handle(run_id, fence=handle.run.fence)

    async def _take(self, handle: RunHandle) -> bool:
        seen = handle.run
        until = self._clock.now() + timedelta(seconds=self._pace.lease)

        def claim(run: Run) -> tuple[Payload, ...]:
            if run.head_seq != seen.head_seq:
                return ()
            return decide.claimed(run, worker=self.name, until=until)

        run = await handle.append(claim)
        if run.owner != self.name or run.head_seq == seen.head_seq:
            return False
        waited = (self._clock.now() - seen.due_at).total_seconds()
        QUEUE_SECONDS.observe(max(0.0, waited))
        return True

    async def _hold(self, handle: RunHandle) -> Run:
        walk = await self._walk(handle)
        walking = asyncio.create_task(walk.to_the_end(self.name))
        beating = asyncio.create_task(self._beat(handle, walking))
        try:
            return await walking
        except asyncio.CancelledError:
            return await self._interrupted(handle, walk)
        except CancelRequestedError:
            return await self._finish_cancel(handle, walk)
        except LeaseLostError as error:
            log.warning("run.lost", run_id=handle.run.id, reason=str(error))
            return handle.run
        except (ConcurrencyError, UnavailableError) as error:
            # What stands open is closed by whoever takes the run when the lease ends.
            log.warning("run.left", run_id=handle.run.id, reason=str(error))
            return handle.run
        finally:
            await cancelled(walking)
            await cancelled(beating)

    async def _interrupted(self, handle: RunHandle, walk: Walk) -> Run:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise asyncio.CancelledError
        run = await handle.refresh()
        if run.status is Status.CANCELLING:
            return await self._finish_cancel(handle, walk)
        if run.fence == handle.fence:
            return run
        log.warning("run.lost", run_id=run.id, reason="the lease is another's")
        return run

    async def _walk(self, handle: RunHandle) -> Walk:
        state = await self._runs.state_of(handle.run)
        return Walk(
            handle,
            state,
            pipeline=self._pipelines[handle.run.subject.pipeline],
            checkpoints=self._runs.checkpoints,
            clock=self._clock,
            limits=self._limits,
        )

    async def _beat(self, handle: RunHandle, walking: asyncio.Task[Run]) -> None:
        """Extend the lease; when it is gone, or the run is to end, stop the walk."""
        while True:
            await self._clock.sleep(self._pace.heartbeat)
            until = self._clock.now() + timedelta(seconds=self._pace.lease)
            try:
                held = await self._runs.projection.heartbeat(handle.run, until)
            except StoreUnavailableError as error:
                log.warning("heartbeat.failed", reason=str(error))
                continue
            if not held:
                walking.cancel()
                return

    async def _finish_cancel(self, handle: RunHandle, walk: Walk) -> Run:
        reason = _why_cancelled(handle.run)
        await walk.close(Ending(kind="cancelled", reason=reason))
        return await handle.append(
            lambda run: (
                *step_moves.steps_cancelled(run),
                decide.moved(run, "finish_cancel", actor=self.name, reason=reason),
            )
        )

    async def _take_back(self, handle: RunHandle) -> bool:
        run = handle.run
        if run.status is Status.CANCELLING:
            await self._finish_cancel(handle, await self._walk(handle))
            return True
        if run.status is not Status.RUNNING:
            await self._runs.projection.save(run)
            return False
        reason = f"{run.owner} did not report for {self._pace.lease:g} seconds"
        if run.losses >= self._pace.losses:
            walk = await self._walk(handle)
            await walk.close(Ending(kind="dead", reason=reason))
        await handle.append(
            lambda now: decide.taken_back(
                now, fence=run.fence, losses=self._pace.losses, reason=reason
            )
        )
        self._runs.wake.set()
        return True


def _why_cancelled(run: Run) -> str:
    if run.superseded_by:
        return f"superseded by run {run.superseded_by}"
    return run.outcome or "cancelled"
