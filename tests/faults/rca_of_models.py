"""What a model does instead of an answer, and bugs of those who ask it."""

from datetime import timedelta

from core.clock import SystemClock
from core.errors import (
    GitHubConflictError,
    ModelBudgetError,
    ModelRateLimitedError,
    ModelRefusedError,
)
from core.review.reviewer import ReviewRequest
from tests.fakes.scripted_model import NAME, Says, raising, saying
from tests.faults.rca_provoking import How, Provoked
from tests.faults.rca_scene import Scene

FULL = "/dev/full"


def answered(says: Says) -> How:
    """Return how a run is worked with a model that says this."""

    async def do(scene: Scene) -> str:
        asked = await scene.asked()
        await scene.work(asked.run_id, says=says)
        return asked.run_id

    return do


async def onto_a_full_disk(_: ReviewRequest) -> str:
    """Write where there is no room, as whoever keeps a cache would."""
    with open(FULL, "w") as full:  # noqa: ASYNC230, PTH123 # it is refused at once
        full.write("an answer")
    return "[]"


async def with_a_bug(_: ReviewRequest) -> str:
    """Divide by the number of files that there are not."""
    return str(1 // 0)


MODELS = (
    Provoked(
        name="model_refused",
        how="the model refuses to answer",
        do=answered(
            raising(ModelRefusedError(model=NAME, reason="a policy of its own"))
        ),
    ),
    Provoked(
        name="model_bad_schema",
        how="the model answers nonsense",
        do=answered(saying("I am only a model.")),
    ),
    Provoked(
        name="model_bad_schema",
        how="the model's answer lacks a field",
        do=answered(saying('[{"path": "app.py", "line": 1}]')),
    ),
    Provoked(
        name="model_budget",
        how="a question is over the budget",
        do=answered(
            raising(ModelBudgetError(model=NAME, limit=1000, used=990, unit="tokens"))
        ),
    ),
    Provoked(
        name="model_rate_limited",
        how="the model's service asks for silence",
        do=answered(
            raising(
                ModelRateLimitedError(
                    model=NAME, retry_at=SystemClock().now() + timedelta(hours=1)
                )
            )
        ),
    ),
    Provoked(
        name="worker_crashed",
        how="a bug in an adapter",
        do=answered(with_a_bug),
    ),
    Provoked(
        name="disk_full",
        how=f"a step writes to {FULL}",
        do=answered(onto_a_full_disk),
    ),
    Provoked(
        name="first_error",
        how="an error that no rule knows",
        do=answered(
            raising(GitHubConflictError(method="PUT", path="/x", reason="odd"))
        ),
    ),
)
