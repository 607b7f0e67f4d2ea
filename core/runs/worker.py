"""Claims due runs, as many as it has slots for, and looks for lost ones."""

import asyncio
import random
from collections.abc import Mapping
from datetime import timedelta

import structlog

from core.errors import ConcurrencyError, StoreUnavailableError, UnavailableError
from core.events.base import Payload
from core.metrics.handlers import HANDLERS
from core.metrics.runs import QUEUE_WAIT, STEP_NAMES, WORKING
from core.runs import decide
from core.runs.claims import Claims
from core.runs.handle import RunHandle
from core.runs.holder import AT_GATES, Holder, Pace
from core.runs.leases import taken_from
from core.runs.limits import Limits
from core.runs.model import Run
from core.runs.pipeline import Pipeline
from core.runs.projection import LEASED
from core.runs.service import Runs
from core.runs.states import Status
from core.runs.turns import Caps, Entry
from core.runs.walk import cancelled

NO_CAPS = Caps()
WAITING = (Status.QUEUED, Status.RETRY_WAIT)
log = structlog.get_logger()


class Worker:
    """Works due runs until it is told to stop; several share one database.

    `program` says in its claims what works them, as `nofx/0.1.0 python/3.11.7 linux`.
    """

    def __init__(
        self,
        runs: Runs,
        pipelines: Mapping[str, Pipeline],
        *,
        name: str,
        pace: Pace,
        limits: Limits,
        caps: Caps = NO_CAPS,
        program: str = "",
    ) -> None:
        self.name = name
        self._program = program
        self._runs = runs
        self._pipelines = pipelines
        self._pace = pace
        self._holder = Holder(runs, pipelines, name=name, pace=pace, limits=limits)
        self._clock = runs.clock
        self._claims = Claims(
            runs, owner=name, pipelines=pipelines, caps=caps, every=pace.poll / 2
        )
        # Claims read short candidate lists; two slots of one process that read the
        # same list would only race each other.
        self._claiming = asyncio.Lock()
        self._drain = self._holder.drain
        for pipeline in pipelines.values():
            names = [step.name for step in pipeline.steps]
            STEP_NAMES.allow(*names)
            HANDLERS.allow(*(f"step:{name}" for name in names))

    async def serve(self) -> None:
        """Fill every slot, and watch for lost runs, until `stop` is called."""
        draining = asyncio.create_task(self._drain.run())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._pace.slots):
                    group.create_task(self._slot())
                group.create_task(self._reaper())
        finally:
            await cancelled(draining)
            await self._holder.left.close()

    def stop(self) -> None:
        """Take no more runs, and let go of those in hand.

        A step that has begun may finish within the grace; then another worker goes on.
        """
        self._drain.begin()
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
        with WORKING.during(), self._claims.holding(handle.run):
            return await self._holder.hold(handle)

    async def reap(self) -> int:
        """Take back runs whose holder let the lease lapse, and end those at gates.

        Returns how many were moved.
        """
        due, now = self._runs.projection.due, self._clock.now()
        ids = await due((*LEASED, *AT_GATES), now)
        taken = 0
        for run_id in ids:
            with structlog.contextvars.bound_contextvars(run_id=run_id):
                taken += await self._reaped(run_id)
        return taken

    async def _reaped(self, run_id: str) -> bool:
        try:
            handle = await self._runs.handle(run_id)
            late = handle.run.status in AT_GATES
            overdue = self._holder.expire if late else self._holder.take_back
            return await overdue(handle)
        except UnavailableError as error:
            log.warning("run.not_reaped", run_id=run_id, reason=str(error))
        except Exception:
            # One broken run must not keep the others from being reaped.
            log.exception("run.not_reaped", run_id=run_id)
        return False

    async def _slot(self) -> None:
        while not self._drain.begun:
            try:
                if await self.work_one() is not None:
                    continue
            except StoreUnavailableError as error:
                log.warning("worker.waiting", reason=str(error))
            except Exception:
                log.exception("worker.failed")
            jitter = random.uniform(0.7, 1.3)  # noqa: S311 # no secret
            pause = self._claims.patience(self._pace.poll * jitter)
            await self._runs.wake.rest(pause)

    async def _reaper(self) -> None:
        while not self._drain.begun:
            try:
                await self.reap()
            except StoreUnavailableError as error:
                log.warning("reaper.waiting", reason=str(error))
            except Exception:
                log.exception("reaper.failed")
            await self._runs.wake.rest(self._pace.poll * 2)

    async def _claim(self) -> RunHandle | None:
        async with self._claiming:
            while (entry := await self._claims.next()) is not None:
                handle = await self._tried(entry)
                if handle is not None:
                    return handle
                self._claims.refuse(entry)
            for entry in self._claims.crowded_out():
                self._claims.refuse(entry)
                await self._line_up(entry)
        return None

    async def _tried(self, entry: Entry) -> RunHandle | None:
        try:
            if entry.run is not None:
                handle = self._runs.handle_on(entry.run, behind=True)
                if not await self._early(entry.run) and await self._take(handle):
                    return handle
            return await self._take_due(entry.run_id)
        except StoreUnavailableError:
            raise
        except Exception:
            # One broken run must not keep the others from being worked.
            log.exception("run.not_claimed", run_id=entry.run_id)
            return None

    async def _line_up(self, entry: Entry) -> None:
        """Queue a run whose retry is due and that a limit keeps from being claimed.

        It then waits among those of its repository, and hides no others from view.
        """
        handle = await self._runs.handle(entry.run_id)
        await handle.append(lambda run: decide.lined_up(run, self._clock.now()))

    async def _take_due(self, run_id: str) -> RunHandle | None:
        handle = await self._runs.handle(run_id, behind=True)
        run = handle.run
        if run.status not in WAITING or await self._early(run):
            # The projection lags behind the journal; who moved the run just now is
            # about to mend that, and several who do it for them hold up everybody.
            if not self._moved_just_now(run):
                await self._runs.projection.save(run)
            return None
        if run.subject.pipeline not in self._pipelines:
            return None
        return handle if await self._take(handle) else None

    async def _early(self, run: Run) -> bool:
        """Return whether a waiting run is put off, or may be in another's hands still.

        Whoever was paused at it here has let go of it once it is held no more.
        """
        now = self._clock.now()
        if run.due_at <= now or run.status is not Status.QUEUED:
            return run.due_at > now
        taken = taken_from(await self._runs.history(run.id))
        if taken is None or taken.until <= now:
            return False  # it was queued by a clock that is ahead of this one
        return taken.worker != self.name or self._claims.holds(run.id)

    def _moved_just_now(self, run: Run) -> bool:
        lease = timedelta(seconds=self._pace.lease)
        moved = run.finished_at or (run.due_at - lease if run.owner else None)
        settling = timedelta(seconds=self._pace.settling)
        return moved is not None and self._clock.now() - moved < settling

    async def _take(self, handle: RunHandle) -> bool:
        seen = handle.run
        until = self._clock.now() + timedelta(seconds=self._pace.lease)
        opening = self._holder.opening(seen)

        def claim(run: Run) -> tuple[Payload, ...]:
            if run.head_seq != seen.head_seq:
                raise ConcurrencyError(stream=run.stream, seq=seen.head_seq + 1)
            claimed = decide.claimed(
                run, worker=self.name, until=until, program=self._program
            )
            return (*claimed, *opening.events)

        try:
            run = await handle.append(claim, state=opening.state)
        except ConcurrencyError:
            return False
        handle.fence = run.fence
        handle.held_until = until
        waited = (self._clock.now() - seen.due_at).total_seconds()
        QUEUE_WAIT.observe(max(0.0, waited), run_id=run.id)
        return True
