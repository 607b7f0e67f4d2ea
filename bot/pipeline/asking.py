"""Asks a reviewer, and counts what came of it, also when the step then fails."""

from time import perf_counter

from core.metrics.models import CALL_SECONDS, CALLS, COST, TOKENS
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest, Usage


async def asked(model: ReviewModel, request: ReviewRequest) -> ReviewAnswer:
    """Return the reviewer's answer; raises as the reviewer does."""
    began = perf_counter()
    try:
        answer = await model.review(request)
    except Exception:
        CALLS.inc(model=model.name, outcome="failed")
        raise
    finally:
        CALL_SECONDS.observe(perf_counter() - began, model=model.name)
    CALLS.inc(model=model.name, outcome="ok")
    _count(model.name, answer.usage)
    return answer


def _count(name: str, usage: Usage) -> None:
    TOKENS.inc(usage.input_tokens, model=name, direction="input")
    TOKENS.inc(usage.output_tokens, model=name, direction="output")
    COST.inc(usage.cost_usd, model=name)
