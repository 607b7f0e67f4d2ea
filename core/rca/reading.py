"""Reads the story of a run as it was at its last entry, and nothing that came later."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.checkpoints.diff.model import DiffRules
from core.events.schema import WorkerLeft
from core.feed.writer_logs import WriterLogs
from core.rca.against import Histories, LastGreen
from core.rca.last_words import wrote_last
from core.rca.story import Before, Budget, Story, Told
from core.rca.telling import Telling, told_in
from core.rca.warned import warned
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.lister import RunLister
from core.runs.model import Run
from core.runs.service import Runs
from core.runs.states import RUN

# Of so many kinds of errors of a run, the last ones, earlier runs are looked for.
MOST_FINGERPRINTS = 5
MOST_BEFORE = 20
# Some of the newest have not ended yet, or not by then.
MOST_ALIKE = 100
MOST_LEFT = 200
MOST_GAPS = 100


def budget_of(limits: Limits, pace: Pace) -> Budget:
    """Return what a worker of these limits allows a run."""
    return Budget(
        run_seconds=limits.run_seconds,
        step_seconds=limits.step_seconds,
        lease_seconds=pace.lease,
    )


@dataclass(slots=True)
class _Gaps:
    """What could not be read, in the order in which it was missed, each once."""

    words: dict[str, None]

    def miss(self, words: str) -> None:
        if len(self.words) < MOST_GAPS:
            self.words[words] = None


class StoryReader:
    """Reads stories; the same version of a run always reads the same.

    `lister` and `logs` are on the same database as `runs`; `rules` are those of
    pipelines by their names.
    """

    def __init__(
        self,
        runs: Runs,
        *,
        lister: RunLister,
        logs: WriterLogs,
        rules: Mapping[str, DiffRules],
        budget: Budget | None = None,
    ) -> None:
        self._runs = runs
        self._logs = logs
        self._budget = budget
        self._histories = Histories(runs)
        self._green = LastGreen(self._histories, lister, rules)

    async def read(self, run_id: str) -> Story:
        """Return the story of a run up to now.

        Raises RunNotFoundError, StoreUnavailableError.
        """
        return await self._read(run_id, None)

    async def read_at(self, run_id: str, seq: int) -> Story:
        """Return the story as it was when entry `seq` was the last, as `read` does."""
        return await self._read(run_id, seq)

    async def _read(self, run_id: str, until: int | None) -> Story:
        gaps = _Gaps({})
        telling = Telling(run_id)
        await self._histories.tell(telling, run_id, gaps.miss, until=until)
        run, as_of = telling.run, telling.as_of
        state = await self._histories.last_state(run, gaps.miss)
        return Story(
            run=run,
            as_of=as_of,
            told=telling.told,
            left_out=telling.left_out,
            left=await self._left(run_id, as_of),
            log=await warned(self._runs.logs, telling.tries, gaps.miss),
            steps=telling.steps,
            setup=telling.setup(state),
            before=await self._before(run, telling.fingerprints, as_of),
            green=await self._green.before(telling, gaps.miss),
            wrote_last=await wrote_last(self._logs, telling.writers, as_of=as_of),
            budget=self._budget,
            gaps=tuple(gaps.words),
        )

    async def _left(self, run_id: str, as_of: datetime) -> tuple[Told, ...]:
        """Return the newest notes of workers that let go of the run by then."""
        notes: list[Told] = []
        async for page in self._runs.journal.pages(f"left/{run_id}", torn=_said_enough):
            notes += [
                told
                for commit in page
                for told in told_in(commit)
                if told.time <= as_of and isinstance(told.event, WorkerLeft)
            ]
            del notes[:-MOST_LEFT]
        return tuple(notes)

    async def _before(
        self, run: Run, fingerprints: Iterable[str], as_of: datetime
    ) -> tuple[Before, ...]:
        """Return earlier runs that had ended by then of one of these errors."""
        found: dict[str, Before] = {}
        for fingerprint in [*fingerprints][-MOST_FINGERPRINTS:]:
            alike = await self._runs.projection.of_fingerprint(
                fingerprint,
                run.subject.repository,
                MOST_ALIKE,
                before=run.created_at,
            )
            for one in alike:
                if _is_before(one, run, as_of):
                    found[one["_id"]] = _before_of(one, fingerprint)
        newest = sorted(found.values(), key=lambda one: (one.created_at, one.run_id))
        return tuple(newest[::-1][:MOST_BEFORE])


def _said_enough(_: str, __: Exception) -> None:
    """Take a note whose words are partly gone as it stands."""


def _is_before(document: Mapping[str, Any], run: Run, as_of: datetime) -> bool:
    finished = document.get("finished_at")
    return (
        (document["created_at"], document["_id"]) < (run.created_at, run.id)
        and document["status"] in RUN.terminal
        and finished is not None
        and finished <= as_of
    )


def _before_of(document: Mapping[str, Any], fingerprint: str) -> Before:
    return Before(
        run_id=document["_id"],
        repository=document["repository"],
        pull=document["pull"],
        fingerprint=fingerprint,
        status=document["status"],
        outcome=document.get("outcome", ""),
        created_at=document["created_at"],
        finished_at=document["finished_at"],
    )
