"""What models cost and hold, as far as a list that came with the library knows."""

from functools import cache

from genai_prices import Usage, calc_price
from genai_prices.types import ModelInfo

# For a model that nobody lists: every one of today's holds as much.
SMALLEST = 32_000


def price(model: str, provider: str, input_tokens: int, output_tokens: int) -> float:
    """Return US dollars; 0 for a model that is not listed."""
    try:
        found = calc_price(
            Usage(input_tokens=input_tokens, output_tokens=output_tokens),
            model,
            provider_id=provider,
        )
    except LookupError:
        return 0.0
    return float(found.total_price)


def context(model: str, provider: str) -> int:
    """Return how many tokens a question and its answer may have together."""
    found = _listed(model, provider)
    return (found.context_window if found is not None else None) or SMALLEST


def is_listed(model: str, provider: str) -> bool:
    """Tell whether what a model costs is known."""
    return _listed(model, provider) is not None


@cache
def _listed(model: str, provider: str) -> ModelInfo | None:
    try:
        return calc_price(Usage(), model, provider_id=provider).model
    except LookupError:
        return None
