"""The journal, the feed that follows it, and the projection of runs behind it."""

from core.metrics.registry import (
    BoundedCounter,
    BoundedGauge,
    BoundedHistogram,
    LateGauge,
)

BATCH_SIZE = BoundedHistogram(
    "nofx_append_batch_size",
    "Commits that this process sent to the journal in one insert.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
APPEND_SECONDS = BoundedHistogram(
    "nofx_append_seconds",
    "Time until one insert into the journal was answered, its retries included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
)
CONFLICTS = BoundedCounter(
    "nofx_append_conflicts_total",
    "Commits of this process whose place in their stream another one had taken.",
)
PROJECTION_LAG = BoundedGauge(
    "nofx_projection_lag_runs",
    "Runs that this process moved on, and whose new state is not in the projection.",
)
FEED_LAG = LateGauge(
    "nofx_feed_lag_seconds",
    "Age of the oldest commit that the feed does not have yet, 0 with none. The same in"
    " every process that serves HTTP.",
)
FEED_POSITION = LateGauge(
    "nofx_feed_position",
    "The feed's last position. The same in every process that serves HTTP.",
)
FEED_ENTRIES = BoundedCounter(
    "nofx_feed_entries_total", "Events that this process brought into the feed."
)
