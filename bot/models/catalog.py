"""Which reviewers there are, by the name in NOFX_MODEL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.models.rules import RulesReviewer
from core.clock import Clock
from core.errors import UnknownModelError
from core.metrics.models import MODEL_NAMES
from core.review.reviewer import ReviewModel
from core.sandbox import Sandbox
from core.secrets import SecretFinder


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What reviewers are built from."""

    sandbox: Sandbox
    finder: SecretFinder
    clock: Clock


def _rules(equipment: Equipment) -> ReviewModel:
    return RulesReviewer(
        sandbox=equipment.sandbox, finder=equipment.finder, clock=equipment.clock
    )


RULES = "rules"
MODELS: Mapping[str, Callable[[Equipment], ReviewModel]] = {RULES: _rules}


def make_model(
    name: str, *, sandbox: Sandbox, finder: SecretFinder, clock: Clock
) -> ReviewModel:
    """Build the reviewer called `name`; raises UnknownModelError for any other."""
    make = MODELS.get(name)
    if make is None:
        raise UnknownModelError(name=repr(name), known=", ".join(sorted(MODELS)))
    MODEL_NAMES.allow(name)
    return make(Equipment(sandbox=sandbox, finder=finder, clock=clock))
