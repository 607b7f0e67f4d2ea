"""Lets models review cases, each by the service's own pipeline, and scores them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.dry_run import Reviewer, reviewer
from bot.evaluating.folder import Case
from bot.settings import Settings
from core.errors import NofxError
from core.review.evaluation.scores import Scored, scored

Seen = Callable[[str, Scored], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Which models review which cases; `seen` is told of each case as it is done."""

    models: Sequence[str]
    cases: Sequence[Case]
    seen: Seen


async def evaluate(
    settings: Settings, wish: Evaluation
) -> Mapping[str, Sequence[Scored]]:
    """Return each model's scores, case by case.

    A case that cannot be reviewed is scored as one where nothing was found. Raises
    UnknownModelError for a model that there is not.
    """
    done: dict[str, list[Scored]] = {model: [] for model in wish.models}
    # Who evaluates may name any model, whatever the service offers to repositories.
    named = settings.model_copy(update={"models": (*settings.models, *wish.models)})
    async with reviewer(named) as review:
        for model in done:
            review.check(model)
        for model, made in done.items():
            for case in wish.cases:
                made.append(await _scored(review, model, case))
                wish.seen(model, made[-1])
    return done


async def _scored(review: Reviewer, model: str, case: Case) -> Scored:
    try:
        report = await review(case.change, model)
    except NofxError as error:
        return Scored(case=case.name, expected=case.expected, failed=str(error))
    return scored(case.name, case.expected, report)
