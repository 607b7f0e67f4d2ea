"""Which reviewer and which policy a run uses: the service's, or its own branch's."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import OverridesError, UnknownModelError
from core.events.base import JSON
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

    `rules` names the one that reads the change before a language model does.
    """

    make: Callable[[str], ReviewModel]
    model: str
    policy: Policy
    rules: str | None = None

    def model_for(self, run: Run) -> ReviewModel:
        """Return the run's reviewer; raises UnknownModelError."""
        return self.make(_read(run.overrides).model or self.model)

    def rules_for(self, run: Run) -> ReviewModel | None:
        """Return who reads the change before the run's reviewer, if that is a model."""
        if self.rules is None or not self.model_for(run).is_model:
            return None
        return self.make(self.rules)

    def policy_for(self, run: Run) -> Policy:
        """Return the run's policy."""
        wanted = _read(run.overrides).model_dump(
            include={"fail_on", "min_confidence"}, exclude_none=True
        )
        return replace(self.policy, **wanted)

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
