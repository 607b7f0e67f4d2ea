"""The last run that worked before another one, and where the two came apart."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import datetime

from core.checkpoints.chain import checkpoints_of
from core.checkpoints.diff.apart import compared
from core.checkpoints.diff.difference import NO_RULES
from core.checkpoints.diff.model import DiffLimits, DiffRules
from core.errors import (
    BlobCorruptError,
    BlobNotFoundError,
    CheckpointRedactedError,
    DiffUnprovenError,
    RunNotFoundError,
)
from core.events.base import JSON
from core.rca.differing import told
from core.rca.story import Green, StateChange
from core.rca.telling import Reached, Telling
from core.runs.green import last_green
from core.runs.lister import RunLister
from core.runs.listing import RunSummary
from core.runs.model import Run, stream_of
from core.runs.service import Runs

PAGE = 200
UNREADABLE = (BlobNotFoundError, BlobCorruptError, CheckpointRedactedError)
# Is told what could not be read, and why.
Missed = Callable[[str], None]
# A few lines of it are told. What a clock cuts short is not the same twice: it may
# take longer than any does.
LIMITS = DiffLimits(seconds=600.0, changes=500, text=4096)


class Histories:
    """Reads runs by pages, and states of their checkpoints, with what is gone told."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def tell(
        self, telling: Telling, run_id: str, missed: Missed, *, until: int | None = None
    ) -> None:
        """Let `telling` take a run's commits, up to number `until`.

        Raises RunNotFoundError, StoreUnavailableError.
        """

        def torn(event_id: str, error: Exception) -> None:
            missed(f"a part of event {event_id}: {error}")

        stream = stream_of(run_id)
        paging = self._runs.journal.pages(stream, size=PAGE, torn=torn)
        async with aclosing(paging) as pages:
            async for page in pages:
                wanted = [one for one in page if until is None or one.seq <= until]
                telling.take(wanted)
                if len(wanted) < len(page):
                    break
        if not telling.begun:
            raise RunNotFoundError(run_id=run_id)

    async def last_state(self, run: Run, missed: Missed) -> JSON:
        """Return the state of a run's last checkpoint; empty when it is gone."""
        try:
            return await self._runs.state_of(run)
        except UNREADABLE as error:
            missed(f"the last state of run {run.id}: {error}")
            return {}

    async def state(self, run: Run, reached: Reached, missed: Missed) -> JSON | None:
        """Return the state behind a step; None when it is gone."""
        what = f"the state behind step {reached.end.step} of run {run.id}"
        if reached.end.digest in run.redacted:
            missed(f"{what}: it was redacted")
            return None
        paging = self._runs.journal.pages(
            run.stream, first=reached.seq, size=1, torn=lambda *_: None
        )
        async with aclosing(paging) as pages:
            commits = await anext(pages, ())
        for view in checkpoints_of(commits):
            if view.digest == reached.end.digest:
                try:
                    return await self._runs.checkpoint_state(view)
                except UNREADABLE as error:
                    missed(f"{what}: {error}")
                    return None
        missed(f"{what}: its entry is gone")
        return None


class LastGreen:
    """Finds the run that a failure is held against, and where they came apart.

    `rules` say, by a pipeline's name, what its states are made of.
    """

    def __init__(
        self, histories: Histories, lister: RunLister, rules: Mapping[str, DiffRules]
    ) -> None:
        self._histories = histories
        self._lister = lister
        self._rules = rules

    async def before(self, ours: Telling, missed: Missed) -> Green | None:
        """Return the last run that worked before this one; StoreUnavailableError."""
        run = ours.run
        found = await last_green(self._lister, run, as_of=ours.as_of)
        if found is None or found.finished_at is None:
            return None
        theirs = Telling(found.id, most=0)
        try:
            await self._histories.tell(theirs, found.id, missed)
        except RunNotFoundError as error:
            # The list still has it, and its history is gone.
            missed(f"the last green run: {error}")
            return None
        return await self._green(found, found.finished_at, theirs, ours, missed)

    async def _green(
        self,
        found: RunSummary,
        finished_at: datetime,
        theirs: Telling,
        ours: Telling,
        missed: Missed,
    ) -> Green:
        state = await self._histories.last_state(theirs.run, missed)
        return Green(
            run_id=found.id,
            pull=found.pull,
            head_sha=found.head_sha,
            finished_at=finished_at,
            same_pull=found.pull == ours.run.subject.pull,
            steps=theirs.steps,
            setup=theirs.setup(state),
            diverged=await self._diverged(theirs, ours, missed),
        )

    async def _diverged(
        self, theirs: Telling, ours: Telling, missed: Missed
    ) -> tuple[StateChange, ...]:
        apart = first_apart(theirs.reached, ours.reached)
        if apart is None:
            return ()
        before, after = apart
        old = await self._histories.state(theirs.run, before, missed)
        new = await self._histories.state(ours.run, after, missed)
        if old is None or new is None:
            return ()
        rules = self._rules.get(ours.run.subject.pipeline, NO_RULES)
        try:
            diff = await compared(old, new, rules=rules, limits=LIMITS)
        except DiffUnprovenError as error:
            missed(f"what differs behind step {after.end.step}: {error}")
            return ()
        return told(after.end.step, diff)


def first_apart(
    theirs: Mapping[str, Reached], ours: Mapping[str, Reached]
) -> tuple[Reached, Reached] | None:
    """Return the first of our steps that left another state than theirs did."""
    for step, mine in ours.items():
        other = theirs.get(step)
        if other is None or not mine.end.digest or not other.end.digest:
            continue
        if mine.end.digest != other.end.digest:
            return other, mine
    return None
