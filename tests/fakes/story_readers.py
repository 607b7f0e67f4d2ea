"""Story readers on a test's database."""

from core.checkpoints.diff.model import StateDiff
from core.clock import SystemClock
from core.events.base import JSON
from core.feed.writer_logs import WriterLogs
from core.rca.reading import StoryReader, budget_of
from core.runs.lister import RunLister
from core.runs.service import Runs
from core.store.database import Database
from tests.fakes.stage import HASTY, QUICK


async def differ(_: str, before: JSON, after: JSON) -> StateDiff:
    """Tell two states apart as the service does."""
    raise NotImplementedError


def reader_on(database: Database, runs: Runs) -> StoryReader:
    """Return a reader that finds what a process of nofx would find."""
    return StoryReader(
        runs,
        lister=RunLister(database, clock=SystemClock()),
        logs=WriterLogs(database),
        differ=differ,
        budget=budget_of(HASTY, QUICK),
    )
