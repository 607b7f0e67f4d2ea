"""Which streams' stories are over, so that what was told of them may be trimmed."""

from datetime import datetime

from core.events.journal import Journal
from core.events.schema import MergeCommitted
from core.runs.model import stream_of
from core.runs.projection import RunProjection
from core.runs.states import RUN


class Stories:
    """Asks runs and merges whether they are over; raises StoreUnavailableError."""

    def __init__(self, journal: Journal, projection: RunProjection) -> None:
        self._journal = journal
        self._projection = projection

    async def run_is_over(self, run_id: str, cutoff: datetime) -> bool:
        """Return whether a run has ended, as far as the list of runs knows.

        One that is not in the list was asked for and never let go of: it is over when
        nobody has gone on with it since.
        """
        shown = await self._projection.get(run_id)
        if shown is not None:
            return shown["status"] in RUN.terminal
        commits = await self._journal.read(stream_of(run_id))
        return bool(commits) and all(one.time < cutoff for one in commits)

    async def merge_is_over(self, merge_id: str, cutoff: datetime) -> bool:
        """Return whether a merge was committed, or nobody has gone on with it since."""
        commits = await self._journal.read(f"merge/{merge_id}")
        return all(one.time < cutoff for one in commits) or any(
            isinstance(event, MergeCommitted) for one in commits for event in one.events
        )
