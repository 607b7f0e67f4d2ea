"""Every metric of the control plane; no label without a bound."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)

STEP_SECONDS = Histogram(
    "nofx_step_duration_seconds",
    "Wall time of a pipeline step.",
    ("step",),
    buckets=SECONDS,
)
QUEUE_SECONDS = Histogram(
    "nofx_queue_wait_seconds",
    "Time from a run being due to a worker holding it.",
    buckets=SECONDS,
)
RUNS = Counter("nofx_runs_ended", "Runs that ended, by how.", ("status",))
WORKING = Gauge("nofx_runs_working", "Runs that this process holds now.")

__all__ = ["QUEUE_SECONDS", "REGISTRY", "RUNS", "STEP_SECONDS", "WORKING"]
