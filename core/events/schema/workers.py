"""What workers tell of runs that they may no longer write to."""

from typing import Literal

from core.events.base import Payload
from core.events.schema.steps import Failure


class WorkerLeft(Payload):
    """A worker let go of a run without having ended its try in the run's own history.

    It stands in the stream `left/RUN`, for whoever holds the run alone may write to
    that of the run. `why` is `fenced` when another worker had it by then, `unavailable`
    when something that it needs was away, `crashed` for a bug. `fence` is that of the
    claim under which it worked, `step` what it was at.
    """

    type: Literal["worker.left"] = "worker.left"
    run_id: str
    repository: str
    pull: int
    worker: str
    fence: int
    step: str = ""
    why: Literal["fenced", "unavailable", "crashed"]
    error: str
    failure: Failure | None = None
