"""Story readers on a test's database."""

from collections.abc import Mapping

from core.checkpoints.diff.model import DiffRules
from core.clock import SystemClock
from core.feed.writer_logs import WriterLogs
from core.rca.reading import StoryReader, budget_of
from core.rca.story import Budget
from core.runs.lister import RunLister
from core.runs.service import Runs
from core.store.database import Database
from tests.fakes.stage import HASTY, QUICK

NO_RULES: Mapping[str, DiffRules] = {}


def reader_on(
    database: Database,
    runs: Runs,
    *,
    rules: Mapping[str, DiffRules] = NO_RULES,
    budget: Budget | None = None,
) -> StoryReader:
    """Return a reader that finds what a process of nofx would find."""
    return StoryReader(
        runs,
        lister=RunLister(database, clock=SystemClock()),
        logs=WriterLogs(database),
        rules=rules,
        budget=budget or budget_of(HASTY, QUICK),
    )
