"""Streams of server-sent events: who listens, and how far behind."""

from core.metrics.bounds import Bound
from core.metrics.registry import (
    BoundedCounter,
    BoundedGauge,
    BoundedHistogram,
    LateGauge,
)

CLOSES = Bound("client", "slow", "shutdown", "ended", "overload", "refused", "away")
RESETS = Bound("trimmed", "unknown")

CONNECTIONS = BoundedGauge("nofx_sse_connections", "Streams that are open now.")
EVENTS = BoundedCounter(
    "nofx_sse_events_total", "Events written to streams, control frames left out."
)
CLOSED = BoundedCounter(
    "nofx_sse_closed_total", "Streams that ended, by why.", {"reason": CLOSES}
)
RESETS_SENT = BoundedCounter(
    "nofx_sse_resets_total",
    "Streams that were told that what they asked for is not there any more.",
    {"reason": RESETS},
)
LAG = LateGauge(
    "nofx_sse_lag_positions",
    "Positions of the feed that the stream furthest behind has still to be sent.",
)
DELIVERY_SECONDS = BoundedHistogram(
    "nofx_sse_delivery_seconds",
    "Time from an event to its being written to a live stream.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
