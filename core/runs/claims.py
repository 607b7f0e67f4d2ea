"""Finds runs for one worker to claim: fairly, within limits, with few queries."""

import random
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from core.runs.lanes import LANES, Lane
from core.runs.model import Run
from core.runs.service import Runs
from core.runs.turns import Caps, Entry, Held, Turns, entry_of

EVERY = 0.25
SHORTEST = 0.05
WINDOW = 50
WINDOWS = 3
# A look rests so many times as long as it took, for it costs more the longer the queue.
SHARE = 8
# The projection of another process may lag so many seconds behind its claims.
LAG = 2.0


class Claims:
    """Candidates that are looked up now and then, and what is held meanwhile.

    Limits hold exactly among the runs of one worker. Several count each other's when
    they look, and claim one run of a repository or installation a look: of workers that
    look at one moment, all but one may go past its limit by one run.
    """

    def __init__(
        self,
        runs: Runs,
        *,
        owner: str,
        pipelines: Collection[str],
        caps: Caps,
        every: float,
    ) -> None:
        self._runs = runs
        self._owner = owner
        self._pipelines = pipelines
        self._caps = caps
        self._every = every
        self._turns = Turns()
        self._mine: dict[str, Entry] = {}
        self._others: list[Entry] = []
        self._since: set[str] = set()
        self._refused: dict[str, float] = {}
        self._due = 0.0
        self._looked = -SHORTEST
        self._hinted = False
        self._more = False

    async def next(self) -> Entry | None:
        """Return the run to try to claim now, None when there is none.

        Raises StoreUnavailableError.
        """
        if self._runs.wake.unnamed():
            self._hinted = True
            self._due = min(self._due, self._looked + SHORTEST)
        for run in self._runs.wake.noted():
            self._add(entry_of(run))
        now = self._runs.clock.monotonic()
        if now >= self._due or (self._more and not self._turns):
            await self._look()
        return self._turns.take(self._held())

    def refuse(self, entry: Entry) -> None:
        """Leave a run alone for a while: it was not to be had."""
        self._refused[entry.run_id] = self._runs.clock.monotonic() + LAG

    def patience(self, seconds: float) -> float:
        """Return how long an idle slot may rest: `seconds`, or until the next look.

        There may be more to see then, or room for what waits.
        """
        if not self._hinted and not (self._since and self._turns):
            return seconds
        return min(seconds, max(0.0, self._due - self._runs.clock.monotonic()))

    def crowded_out(self) -> list[Entry]:
        """Return runs whose retry is due, and for which the limits leave no room."""
        held = self._held()
        waiting = self._turns.waiting()
        return [one for one in waiting if one.retry and not held.room(one)]

    def holds(self, run_id: str) -> bool:
        """Return whether a run is held here now."""
        return run_id in self._mine

    @contextmanager
    def holding(self, run: Run) -> Iterator[None]:
        """Count a claimed run as held within the body."""
        self._mine[run.id] = entry_of(run)
        self._since.add(run.id)
        try:
            yield
        finally:
            del self._mine[run.id]

    def _held(self) -> Held:
        held = Held(self._caps)
        held.add(self._others)
        held.add(self._mine.values(), since=self._since)
        return held

    def _add(self, entry: Entry) -> None:
        run_id = entry.run_id
        # Those that this process moved on may still be listed as they were.
        later = self._runs.projector.knows_later(run_id, entry.head_seq)
        moved = later or run_id in self._mine
        known = entry.pipeline in self._pipelines
        if known and not moved and run_id not in self._refused:
            self._turns.add(entry)

    async def _look(self) -> None:
        clock, queue = self._runs.clock, self._runs.projection
        began = self._looked = clock.monotonic()
        self._hinted = False
        self._refused = {
            run_id: until for run_id, until in self._refused.items() if until > began
        }
        at_hand = [entry for entry in self._turns.waiting() if entry.run is not None]
        self._turns.clear()
        self._more = False
        self._since = set()
        if self._caps:
            held = await queue.held()
            self._others = [one for one in held if one.owner != self._owner]
        for entry in at_hand:
            self._add(entry)
        for lane in LANES:
            await self._look_along(lane)
        for entry in await queue.retrying(clock.now(), self._window):
            self._add(entry)
        took = clock.monotonic() - began
        every = min(self._every, EVERY) if self._turns else self._every
        self._due = clock.monotonic() + max(every, SHARE * took)

    async def _look_along(self, lane: Lane) -> None:
        """List a lane from past the repository that was served last, and round."""
        after, window = self._turns.last[lane], self._window
        whole = after == ""
        for _ in range(WINDOWS):
            found = await self._runs.projection.queued(lane, after, window)
            full = len(found) >= window
            following = found[-1].repository if full else ""
            random.shuffle(found)  # or several workers would reach for the same run
            for entry in found:
                self._add(entry)
            if not full and whole:
                return
            whole, after = whole or not full, following
        self._more = True

    @property
    def _window(self) -> int:
        return WINDOW + len(self._runs.projector)
