"""Sandboxed children: how many, what they used, what ended them."""

from core.metrics.bounds import Bound
from core.metrics.registry import (
    BYTES,
    BoundedCounter,
    BoundedGauge,
    BoundedHistogram,
)

PROGRAMS = Bound()
ISOLATIONS = Bound("bubblewrap", "limits")
ENDS = Bound("ok", "failed", "timeout", "memory", "cpu", "output", "cancelled")

ACTIVE = BoundedGauge("nofx_sandbox_active", "Sandboxed children that run now.")
CPU_SECONDS = BoundedHistogram(
    "nofx_sandbox_cpu_seconds",
    "Processor time of one sandboxed child.",
    {"program": PROGRAMS},
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
PEAK_MEMORY = BoundedHistogram(
    "nofx_sandbox_peak_memory_bytes",
    "Peak memory of one sandboxed child.",
    {"program": PROGRAMS},
    buckets=BYTES,
)
RUNS = BoundedCounter(
    "nofx_sandbox_runs_total",
    "Sandboxed children that ended: by themselves, well or not, by a limit, or because"
    " nobody waits for them any more.",
    {"program": PROGRAMS, "isolation": ISOLATIONS, "ended": ENDS},
)
