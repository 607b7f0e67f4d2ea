"""Which reviewer and which policy a run uses: its branch's, or the repository's.

What neither says is as the service has it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.model_values import RULES
from core.errors import OverridesError, UnknownModelError
from core.events.base import JSON
from core.review.config import ReviewConfig
from core.review.findings import Severity
from core.review.reviewer import ReviewModel
from core.review.verify import Policy
from core.runs.model import Run


class Overrides(BaseModel):
    """Settings that a branch may have otherwise than the service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = None
    fail_on: Severity | None = None
    min_confidence: Annotated[float | None, Field(ge=0, le=1)] = None


# The first step that looks at a setting: behind it the setting comes too late.
FIRST_USED: Mapping[str, str] = {
    "model": "review",
    "min_confidence": "verify",
    "fail_on": "publish",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """Chooses for each run; `make` builds a reviewer by its name.

    `rules` names the one that reads the change before a language model does. `offered`
    are models that a repository may choose beside `model` and the rules.
    """

    make: Callable[[str], ReviewModel]
    model: str
    policy: Policy
    rules: str | None = None
    offered: tuple[str, ...] = ()

    def model_for(self, run: Run, config: ReviewConfig) -> ReviewModel:
        """Return the run's reviewer; raises UnknownModelError.

        A branch's wins over the repository's, and that over the service's. A repository
        chooses only from what the service offers.
        """
        wanted = config.review.model
        chosen = wanted if wanted in self._offered else None
        return self.make(_read(run.overrides).model or chosen or self.model)

    def rules_for(self, run: Run, config: ReviewConfig) -> ReviewModel | None:
        """Return who reads the change before the run's reviewer, if that is a model."""
        if self.rules is None or not self.model_for(run, config).is_model:
            return None
        return self.make(self.rules)

    def policy_for(self, run: Run, config: ReviewConfig) -> Policy:
        """Return the run's policy: a branch's wins over the repository's."""
        policy = self.policy.within(config)
        wanted = _read(run.overrides).model_dump(
            include={"fail_on", "min_confidence"}, exclude_none=True
        )
        if config.gate.fail_on is not None:
            wanted = {"fail_on": config.gate.fail_on, **wanted}
        return replace(policy, **wanted)

    def refused(self, config: ReviewConfig) -> str:
        """Return why a repository does not get the model it names, or nothing."""
        wanted = config.review.model
        if wanted is None or wanted in self._offered:
            return ""
        offers = ", ".join(self._offered)
        return f"review.model: {wanted} is not offered here, only {offers}"

    @property
    def _offered(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((RULES, self.model, *self.offered)))

    def check(self, overrides: JSON, reused: Collection[str]) -> None:
        """Raise OverridesError for what is unknown, or comes behind its only use."""
        # To take a setting back, by null, is to change it.
        wanted = _read(overrides).model_dump(exclude_unset=True)
        for name in wanted:
            if FIRST_USED[name] in reused:
                step = FIRST_USED[name]
                reason = f"{name} is used by step {step}, which would not run again"
                raise OverridesError(reason=reason)
        if wanted.get("model") is not None:
            try:
                self.make(wanted["model"])
            except UnknownModelError as error:
                raise OverridesError(reason=str(error)) from error


def remembering(make: Callable[[str], ReviewModel]) -> Callable[[str], ReviewModel]:
    """Return `make` so that each reviewer is built once."""
    return cache(make)


def _read(overrides: JSON) -> Overrides:
    try:
        return Overrides.model_validate(overrides)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise OverridesError(reason=f"{place}: {first['msg']}") from None
