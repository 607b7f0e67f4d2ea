"""In which lane of the queue a run stands: pure."""

from enum import IntEnum

from core.runs.model import Run
from core.runs.states import Status


class Lane(IntEnum):
    """Runs of a higher lane are claimed first."""

    ROUTINE = 0
    PERSON = 1


LANES = tuple(sorted(Lane, reverse=True))


def lane_of(run: Run) -> Lane | None:
    """Return a queued run's lane, None for one that is not in the queue.

    Someone waits for a run that a person asked for, branched, resumed or let through a
    gate.
    """
    if run.status is not Status.QUEUED:
        return None
    by_person = (
        run.subject.priority >= Lane.PERSON
        or run.origin != "request"
        or run.queued_at != run.created_at
    )
    return Lane.PERSON if by_person else Lane.ROUTINE
