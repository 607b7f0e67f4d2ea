"""Bundles of runs: how many were built, how long that took, how large they are."""

from core.metrics.bounds import Bound
from core.metrics.registry import (
    SECONDS,
    BoundedCounter,
    BoundedGauge,
    BoundedHistogram,
)

RESULTS = Bound("built", "failed", "lost")
SIZES = tuple(float(4**power) for power in range(6, 16))

BUILT = BoundedCounter(
    "nofx_bundles_built_total",
    "Builds of bundles that ended in this process: built, failed, or lost to another"
    " process or to a redaction.",
    {"result": RESULTS},
)
BUILD_SECONDS = BoundedHistogram(
    "nofx_bundle_build_seconds",
    "Time from beginning a bundle to its being kept.",
    buckets=SECONDS,
)
SIZE = BoundedHistogram(
    "nofx_bundle_bytes",
    "Sizes of the bundles that this process built.",
    buckets=SIZES,
)
BUILDING = BoundedGauge("nofx_bundles_building", "Bundles that are being built now.")
