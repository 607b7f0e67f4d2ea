"""Reviewers: how often they were asked, what it cost, how long it took."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter, BoundedHistogram

MODEL_NAMES = Bound()
OUTCOMES = Bound("ok", "failed")
DIRECTIONS = Bound("input", "output")

CALLS = BoundedCounter(
    "nofx_model_calls_total",
    "Reviews that a reviewer was asked for, by how the call ended.",
    {"model": MODEL_NAMES, "outcome": OUTCOMES},
)
TOKENS = BoundedCounter(
    "nofx_model_tokens_total",
    "Tokens that reviewers read and wrote.",
    {"model": MODEL_NAMES, "direction": DIRECTIONS},
)
COST = BoundedCounter(
    "nofx_model_cost_usd_total",
    "Price of the tokens, US dollars.",
    {"model": MODEL_NAMES},
)
CALL_SECONDS = BoundedHistogram(
    "nofx_model_seconds",
    "Wall time of one call of a reviewer.",
    {"model": MODEL_NAMES},
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600),
)
