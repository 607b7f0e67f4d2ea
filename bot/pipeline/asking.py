"""Asks a reviewer, and counts what came of it, also when the step then fails."""

from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import Protocol, TypeVar

from core.metrics.models import CALL_SECONDS, CALLS, COST, TOKENS
from core.review.findings import Finding
from core.review.reviewer import (
    ReviewAnswer,
    ReviewModel,
    ReviewRequest,
    Usage,
    Verification,
)


class _Costly(Protocol):
    @property
    def usage(self) -> Usage: ...


A = TypeVar("A", bound=_Costly)


async def asked(model: ReviewModel, request: ReviewRequest) -> ReviewAnswer:
    """Return the reviewer's answer; raises as the reviewer does."""
    return await counted(model.name, model.review(request))


async def asked_again(
    model: ReviewModel, request: ReviewRequest, findings: Sequence[Finding]
) -> Verification:
    """Return what the reviewer's second look came to; raises as the reviewer does."""
    return await counted(model.name, model.verify(request, findings))


async def counted(name: str, asking: Awaitable[A]) -> A:
    """Await what a model called `name` says, and count it; raises as the model does."""
    began = perf_counter()
    try:
        answer = await asking
    except Exception:
        CALLS.inc(model=name, outcome="failed")
        raise
    finally:
        CALL_SECONDS.observe(perf_counter() - began, model=name)
    failed = (
        isinstance(answer, ReviewAnswer | Verification)
        and answer.broken_off is not None
    )
    CALLS.inc(model=name, outcome="failed" if failed else "ok")
    _count(name, answer.usage)
    return answer


def _count(name: str, usage: Usage) -> None:
    TOKENS.inc(usage.input_tokens, model=name, direction="input")
    TOKENS.inc(usage.output_tokens, model=name, direction="output")
    COST.inc(usage.cost_usd, model=name)
