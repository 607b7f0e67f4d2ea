"""Write-behind for the `runs` projection: the journal is not kept waiting for it."""

import asyncio
from contextvars import Context

import structlog

from core.clock import Clock
from core.errors import StoreUnavailableError
from core.metrics.journal import PROJECTION_LAG
from core.runs.model import Run
from core.runs.projection import RunProjection

SHORTEST = 0.05
LONGEST = 2.0
# After a flush it rests so many times as long as that took: under load the projection
# takes a small part of the database's time, and only the newest state of a run counts.
SHARE = 6
TRIES = 5
log = structlog.get_logger()


class AtOnce:
    """Stores a run's state before it goes on, or soon when the database is away.

    For states that no claim and no reaper finds by itself, such as a run's that a
    person has just queued.
    """

    def __init__(self, projection: RunProjection, later: "Projector") -> None:
        self._projection = projection
        self._later = later

    async def save(self, run: Run) -> None:
        """Store the state, or see to it that it is stored; raises ActiveRunError."""
        try:
            await self._projection.save(run)
        except StoreUnavailableError as error:
            log.warning("projection.behind", run_id=run.id, reason=str(error))
            await self._later.save(run)


class Projector:
    """Keeps the newest state of each run that this process moved, and stores it soon.

    A process that dies leaves the projection behind the journal. So it is for states
    that a claim or the reaper finds again: a run that was due, or that somebody held.
    """

    def __init__(self, projection: RunProjection, *, clock: Clock) -> None:
        self._projection = projection
        self._clock = clock
        self._behind: dict[str, Run] = {}
        self._failed: dict[str, int] = {}
        self._rest = SHORTEST
        self._trouble: StoreUnavailableError | None = None
        self._hurry = asyncio.Event()
        self._flushed = asyncio.Event()
        self._flushing: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many runs the projection is behind of."""
        return len(self._behind)

    def knows_later(self, run_id: str, head_seq: int) -> bool:
        """Return whether more than `head_seq` is known of a run, and not stored yet."""
        known = self._behind.get(run_id)
        return known is not None and known.head_seq > head_seq

    async def save(self, run: Run) -> None:
        """Take a run's state and return at once; it is stored unless a newer comes."""
        known = self._behind.get(run.id)
        if known is None or known.head_seq < run.head_seq:
            self._behind[run.id] = run
            PROJECTION_LAG.set(len(self))
            self._start()

    async def settled(self, run_id: str) -> None:
        """Return once the projection has what was saved here of this run.

        Raises StoreUnavailableError when the database cannot be reached now.
        """
        while run_id in self._behind:
            await self._next_flush()

    async def drain(self) -> None:
        """Store what is left; what the database does not take now is logged."""
        try:
            while self._behind:
                await self._next_flush()
        except StoreUnavailableError as error:
            log.warning("projection.behind", runs=len(self), reason=str(error))

    async def _next_flush(self) -> None:
        self._hurry.set()
        self._start()
        await self._flushed.wait()
        if self._trouble is not None:
            raise self._trouble

    def _start(self) -> None:
        if self._flushing is None or self._flushing.done():
            # It works for all, so what it logs names nobody's run or request.
            self._flushing = asyncio.create_task(self._flush_all(), context=Context())

    async def _flush_all(self) -> None:
        while self._behind:
            await self._wait()
            flushed, self._flushed = self._flushed, asyncio.Event()
            began = self._clock.monotonic()
            try:
                await self._flush(tuple(self._behind.values()))
                self._trouble, least = None, SHORTEST
            except StoreUnavailableError as error:
                log.warning("projection.waiting", runs=len(self), reason=str(error))
                self._trouble, least = error, min(2 * self._rest, LONGEST)
            took = self._clock.monotonic() - began
            self._rest = min(max(least, SHARE * took), LONGEST)
            flushed.set()
        # Who began to wait during the last flush waits for a next one.
        self._flushed.set()
        self._flushed = asyncio.Event()

    async def _wait(self) -> None:
        """Gather states until it is time, or until somebody waits for them."""
        resting = asyncio.ensure_future(self._clock.sleep(self._rest))
        hurrying = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait({resting, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            resting.cancel()
            hurrying.cancel()
        self._hurry.clear()

    async def _flush(self, runs: tuple[Run, ...]) -> None:
        try:
            await self._projection.save_all(runs)
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 # it is logged as refused below
            if len(runs) > 1:  # one that is refused must not take the others with it
                for run in runs:
                    await self._flush((run,))
                return
            self._refused(runs[0], error)
            return
        for run in runs:
            self._failed.pop(run.id, None)
            self._done(run)

    def _refused(self, run: Run, error: Exception) -> None:
        tries = self._failed.get(run.id, 0) + 1
        log.error("projection.refused", run_id=run.id, tries=tries, exc_info=error)
        if tries < TRIES:
            self._failed[run.id] = tries
            return
        # Its next state, or whoever finds it behind, tries again.
        self._failed.pop(run.id, None)
        self._done(run)

    def _done(self, run: Run) -> None:
        if self._behind.get(run.id) is run:
            del self._behind[run.id]
            PROJECTION_LAG.set(len(self))
