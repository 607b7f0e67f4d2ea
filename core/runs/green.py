"""Which run worked last before another one: what a failure is compared with."""

from dataclasses import replace
from datetime import datetime, timedelta

from core.runs.lister import RunLister
from core.runs.listing import RunFilter, RunSummary
from core.runs.model import Run
from core.runs.states import Status

# What is older says little of today's code, and would be looked for in all of history.
REACH = timedelta(days=90)
SUCCESS = "success"


async def last_green(
    lister: RunLister, run: Run, *, as_of: datetime
) -> RunSummary | None:
    """Return the last run before this one that ended well by `as_of`; None for none.

    Of the same pull request, else of the repository; of the same pipeline, and one that
    spoke for itself: a silent branch with laxer settings is no proof that it worked.
    Looks at most REACH back. Raises StoreUnavailableError.
    """
    anywhere = RunFilter(
        repository=run.subject.repository,
        pipeline=run.subject.pipeline,
        status=Status.SUCCEEDED,
        conclusion=SUCCESS,
        publish=True,
        since=run.created_at - REACH,
        until=run.created_at,
        ended_by=as_of,
    )
    for wanted in (replace(anywhere, pull=run.subject.pull), anywhere):
        found = (await lister.page(wanted, limit=1)).runs
        if found:
            return found[0]
    return None
