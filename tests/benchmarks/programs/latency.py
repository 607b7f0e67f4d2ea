"""Sums up how long answers took, for every measurement alike."""

from collections.abc import Sequence
from statistics import quantiles


def summary(taken: Sequence[float], seconds: float) -> dict[str, float]:
    """Return answers, seconds, and p50, p99 and the longest in milliseconds."""
    cuts = quantiles(taken, n=100, method="inclusive")
    return {
        "answers": len(taken),
        "seconds": seconds,
        "p50": cuts[49] * 1000,
        "p99": cuts[98] * 1000,
        "most": max(taken) * 1000,
    }
