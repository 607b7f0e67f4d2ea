"""Each call of a reviewer is counted with what it cost, also one that failed."""

from dataclasses import replace

import pytest
from typing_extensions import override

from bot.pipeline.asking import asked
from core.errors import AnalyzerUnavailableError, ModelUnavailableError
from core.metrics.models import MODEL_NAMES
from core.review.hunks import Diff
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest, Usage
from tests.fakes.measures import Measures

MODEL_NAMES.allow("test-model")
REQUEST = ReviewRequest(
    repository="octo/hello", title="", description="", diff=Diff(files=()), files={}
)


class Costly(ReviewModel):
    """A reviewer with a price, or one that fails."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self._name = name
        self._error = error

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def version(self) -> str:
        return "1"

    @property
    @override
    def is_model(self) -> bool:
        return True

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        if self._error is not None:
            raise self._error
        usage = Usage(input_tokens=1200, output_tokens=34, cost_usd=0.05)
        return ReviewAnswer(proposals=(), unread={}, usage=usage)


async def test_an_answer_is_counted_with_its_tokens_and_price() -> None:
    """Once each."""
    measures = Measures()
    await asked(Costly("test-model"), REQUEST)
    assert measures.all_moved("nofx_model_calls_total") == {("test-model", "ok"): 1}
    assert measures.all_moved("nofx_model_tokens_total") == {
        ("input", "test-model"): 1200,
        ("output", "test-model"): 34,
    }
    assert measures.moved("nofx_model_cost_usd_total", model="test-model") == 0.05
    assert measures.moved("nofx_model_seconds_count", model="test-model") == 1


class BreaksOff(Costly):
    """A reviewer that goes away in the middle."""

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        away = ModelUnavailableError(model="m", reason="HTTP 503")
        return replace(await super().review(request), broken_off=away)


async def test_a_call_that_breaks_off_has_failed_and_cost() -> None:
    """The step fails for it, and what was answered is paid for."""
    measures = Measures()
    await asked(BreaksOff("test-model"), REQUEST)
    assert measures.all_moved("nofx_model_calls_total") == {("test-model", "failed"): 1}
    assert measures.moved("nofx_model_cost_usd_total", model="test-model") == 0.05


async def test_a_call_that_fails_is_counted_and_fails_all_the_same() -> None:
    """A reviewer that nobody built is `other`."""
    measures = Measures()
    error = AnalyzerUnavailableError(name="ruff", path="/nowhere")
    with pytest.raises(AnalyzerUnavailableError):
        await asked(Costly("no such model", error), REQUEST)
    assert measures.all_moved("nofx_model_calls_total") == {("other", "failed"): 1}
    assert measures.all_moved("nofx_model_tokens_total") == {}
    assert measures.moved("nofx_model_seconds_count", model="other") == 1
