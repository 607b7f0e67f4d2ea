"""Runs: how they wait, how long they and their steps take, and how they end."""

from core.metrics.bounds import Bound
from core.metrics.registry import (
    BoundedCounter,
    BoundedGauge,
    BoundedHistogram,
    LateGauge,
)

ENDS = ("succeeded", "failed", "cancelled", "dead")
WAITING = ("queued", "waiting_gate", "retry_wait")
UNDER_WAY = (*WAITING, "running", "gate_failed", "paused", "cancelling")
# More runs than this in one state are told as this many: a look stays a short one.
COUNTED = 10_000
STEP_NAMES = Bound()
ERROR_CLASSES = Bound()

QUEUE_WAIT = BoundedHistogram(
    "nofx_queue_wait_seconds",
    "Time from a run being due to a worker of this process holding it.",
)
QUEUE_DEPTH = LateGauge(
    "nofx_queue_depth",
    "Runs that wait, by state, in the whole service, counted up to 10000. The same in"
    " every process that serves HTTP: take the highest, not the sum.",
    {"status": Bound(*WAITING)},
)
QUEUE_OLDEST = LateGauge(
    "nofx_queue_oldest_seconds",
    "How long the queued run that is due longest has been due, 0 with none, in the"
    " whole service. The same in every process that serves HTTP.",
)
UNENDED = LateGauge(
    "nofx_runs",
    "Runs that have not ended, by state, in the whole service, counted up to 10000;"
    " nofx_runs_ended_total counts the others. The same in every process that serves"
    " HTTP.",
    {"status": Bound(*UNDER_WAY)},
)
ENDED = BoundedCounter(
    "nofx_runs_ended_total",
    "Runs whose end this process wrote, by how they ended.",
    {"status": Bound(*ENDS)},
)
RUN_SECONDS = BoundedHistogram(
    "nofx_run_duration_seconds",
    "Time from a run being asked for to its end, waits included, by how it ended.",
    {"status": Bound(*ENDS)},
    buckets=(1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 86_400),
)
STEP_SECONDS = BoundedHistogram(
    "nofx_step_duration_seconds",
    "Wall time of one attempt at a pipeline step, however it ended.",
    {"step": STEP_NAMES},
)
WORKING = BoundedGauge("nofx_runs_working", "Runs that this process holds now.")
RETRIES = BoundedCounter(
    "nofx_retries_total",
    "Steps that this process put off to try them again, by the class of the error.",
    {"error_class": ERROR_CLASSES},
)
