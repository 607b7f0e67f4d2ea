"""The runs that descend from one run, by branching and merging, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.checkpoints.chain import checkpoints_of
from core.events.commit import Commit
from core.runs.evolve import fold
from core.runs.model import Run
from core.runs.service import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Every run of a family with its commits, the first of them the oldest."""

    members: Mapping[str, tuple[Run, Sequence[Commit]]]

    @property
    def runs(self) -> tuple[Run, ...]:
        """Return the runs, oldest first."""
        return tuple(run for run, _ in self.members.values())

    def parents(self) -> dict[str, tuple[str, ...]]:
        """Return each checkpoint's id with those of its parents, across all runs."""
        return {
            one.checkpoint_id: one.parents
            for _, commits in self.members.values()
            for one in checkpoints_of(commits)
        }

    def owner(self, checkpoint_id: str) -> str | None:
        """Return the run that a checkpoint belongs to; None when none of these."""
        for run_id, (_, commits) in self.members.items():
            if any(
                one.checkpoint_id == checkpoint_id for one in checkpoints_of(commits)
            ):
                return run_id
        return None

    def children(self, run_id: str) -> tuple[Run, ...]:
        """Return the runs that go on from this one, oldest first."""
        return tuple(
            run
            for run in self.runs
            if any(parent.run_id == run_id for parent in run.parents)
        )


async def family_of(runs: Runs, run_id: str) -> Family:
    """Return the family of a run; raises RunNotFoundError."""
    run = await runs.load(run_id)
    found = await runs.projection.of_family(run.family)
    # The run itself counts also while no list shows it yet.
    ids = sorted({run_id, run.family, *(str(one["_id"]) for one in found)})
    members: dict[str, tuple[Run, Sequence[Commit]]] = {}
    for one in ids:
        commits = await runs.journal.read(f"run/{one}")
        if commits:
            members[one] = (fold(one, commits), commits)
    return Family(members=members)
