"""What a branch may have otherwise, and from where on it is too late for that."""

import pytest

from bot.pipeline.overrides import Choices
from core.errors import OverridesError, UnknownModelError
from core.review.reviewer import ReviewModel
from core.review.verify import Policy


def unmade(name: str) -> ReviewModel:
    """Know no model at all."""
    raise UnknownModelError(model=name, known="none")


def test_a_setting_that_is_taken_back_is_a_change_too() -> None:
    """Behind its only use it would make the report speak of another reviewer."""
    choices = Choices(make=unmade, model="rules", policy=Policy())
    choices.check({"model": None, "fail_on": None}, ("snapshot", "analyze"))
    with pytest.raises(OverridesError, match="model is used by step review"):
        choices.check({"model": None}, ("snapshot", "analyze", "review"))
    with pytest.raises(OverridesError, match="fail_on is used by step publish"):
        choices.check({"fail_on": None}, ("review", "verify", "publish"))
