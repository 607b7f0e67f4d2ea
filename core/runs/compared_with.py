"""Finds the checkpoint with which another one is compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.checkpoints.diff.comparison import Side
from core.errors import (
    CheckpointNotFoundError,
    NothingToCompareError,
    RunNotFoundError,
)
from core.events.commit import Commit
from core.events.schema import StepReused
from core.runs.evolve import fold
from core.runs.green import last_green
from core.runs.lister import RunLister
from core.runs.model import Run
from core.runs.service import Runs

PARENT = "parent"
LAST_GREEN = "last_green"
ENDS = frozenset({"after", "gate_failed"})
Sees = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A checkpoint of a run."""

    run: Run
    view: CheckpointView

    def side(self, *, redacted: bool) -> Side:
        """Return it as one side of a comparison."""
        view = self.view
        return Side(
            run_id=self.run.id,
            checkpoint_id=view.checkpoint_id,
            kind=view.kind,
            step=view.step,
            seq=view.seq,
            time=view.time,
            digest=view.digest,
            pipeline=self.run.subject.pipeline,
            redacted=redacted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opposite:
    """The checkpoint to compare with, and what a reader must know about the choice."""

    placed: Placed
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A run with its commits and its checkpoints, oldest first."""

    run: Run
    commits: Sequence[Commit]
    views: Sequence[CheckpointView]

    def find(self, checkpoint_id: str) -> Placed | None:
        """Return one of its checkpoints; None for one that it has not got."""
        for view in self.views:
            if view.checkpoint_id == checkpoint_id:
                return Placed(run=self.run, view=view)
        return None

    def at(self, checkpoint_id: str) -> Placed:
        """Return one of its checkpoints; raises CheckpointNotFoundError."""
        found = self.find(checkpoint_id)
        if found is None:
            raise CheckpointNotFoundError(
                run_id=self.run.id, checkpoint_id=checkpoint_id
            )
        return found


class Histories:
    """Reads runs, and which of their checkpoints stand opposite each other.

    `sees` tells which repositories may be shown; another's run is not there.
    """

    def __init__(self, runs: Runs, lister: RunLister) -> None:
        self._runs = runs
        self._lister = lister

    async def read(self, run_id: str, sees: Sees) -> History:
        """Return a run's history; raises RunNotFoundError."""
        commits = await self._runs.history(run_id)
        run = fold(run_id, commits)
        if not sees(run.subject.repository):
            raise RunNotFoundError(run_id=run_id)
        return History(run=run, commits=commits, views=checkpoints_of(commits))

    async def opposite(
        self, ours: History, one: Placed, against: str, sees: Sees
    ) -> Opposite:
        """Return what `against` means for a checkpoint.

        That is `parent`, `last_green`, a checkpoint of the same run, or
        `RUN:CHECKPOINT`. Raises RunNotFoundError, CheckpointNotFoundError,
        NothingToCompareError.
        """
        if against == PARENT:
            return await self._parent(ours, one, sees)
        if against == LAST_GREEN:
            return await self._green(ours, one, sees)
        run_id, colon, checkpoint_id = against.partition(":")
        if not colon:
            return Opposite(placed=ours.at(against))
        return Opposite(placed=(await self.read(run_id, sees)).at(checkpoint_id))

    async def green_run(self, ours: History, checkpoint_id: str, sees: Sees) -> History:
        """Return the last green run before this one, as of its last entry.

        Raises NothingToCompareError for `checkpoint_id` when there is none.
        """
        as_of = ours.commits[-1].time
        found = await last_green(self._lister, ours.run, as_of=as_of)
        if found is None:
            raise NothingToCompareError(
                checkpoint_id=checkpoint_id,
                run_id=ours.run.id,
                reason="no run of its repository had succeeded before it",
            )
        return await self.read(found.id, sees)

    async def step_ends(self, ours: History, sees: Sees) -> Mapping[str, Placed | None]:
        """Return the last checkpoint behind each step, in the order of the steps.

        A step that was not done here has that of the run which did it, None where that
        run is not kept any more.
        """
        ends: dict[str, Placed | None] = {}
        others: dict[str, Mapping[str, Placed | None]] = {}
        for commit in ours.commits:
            for event in commit.events:
                if isinstance(event, StepReused):
                    if event.from_run not in others:
                        others[event.from_run] = await self._ends_of(
                            event.from_run, sees
                        )
                    ends[event.subject] = others[event.from_run].get(event.subject)
        own = {one.step: one for one in ours.views if one.kind in ENDS}
        return ends | {
            step: Placed(run=ours.run, view=view) for step, view in own.items()
        }

    async def _ends_of(self, run_id: str, sees: Sees) -> Mapping[str, Placed | None]:
        try:
            history = await self.read(run_id, sees)
        except RunNotFoundError:
            return {}
        return await self.step_ends(history, sees)

    async def _parent(self, ours: History, one: Placed, sees: Sees) -> Opposite:
        checkpoint_id = one.view.checkpoint_id
        if not one.view.parents:
            raise NothingToCompareError(
                checkpoint_id=checkpoint_id,
                run_id=ours.run.id,
                reason="it is the first, and has no parent",
            )
        first, *others = one.view.parents
        words = (
            f"It joins {len(one.view.parents)} parents, and is compared with the first,"
            f" {first}; the other is {', '.join(others)}."
        )
        placed = ours.find(first)
        if placed is None:
            placed = (await self._foreign(ours, first, sees)).at(first)
        return Opposite(placed=placed, notes=(words,) if others else ())

    async def _foreign(self, ours: History, parent: str, sees: Sees) -> History:
        """Return the run of a parent that is not of this run."""
        for ref in ours.run.parents:
            if ref.checkpoint_id == parent:
                return await self.read(ref.run_id, sees)
        raise CheckpointNotFoundError(run_id=ours.run.id, checkpoint_id=parent)

    async def _green(self, ours: History, one: Placed, sees: Sees) -> Opposite:
        green = await self.green_run(ours, one.view.checkpoint_id, sees)
        if not green.views:
            raise NothingToCompareError(
                checkpoint_id=one.view.checkpoint_id,
                run_id=ours.run.id,
                reason=f"the last green run, {green.run.id}, has no checkpoint",
            )
        wanted = (one.view.kind, one.view.step)
        alike = [view for view in green.views if (view.kind, view.step) == wanted]
        view = alike[-1] if alike else green.views[-1]
        where = "its checkpoint of the same step" if alike else "its last checkpoint"
        return Opposite(
            placed=Placed(run=green.run, view=view),
            notes=(f"{green_words(ours.run, green.run)}; this is {where}.",),
        )


def green_words(ours: Run, green: Run) -> str:
    """Say which run was the last to work before another."""
    same_pull = green.subject.pull == ours.subject.pull
    whose = "of the same pull request" if same_pull else "of the repository"
    return f"Run {green.id} is the last {whose} that succeeded before"
