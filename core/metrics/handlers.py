"""What the handlers of steps, deliveries and requests cost."""

from core.metrics.bounds import Bound
from core.metrics.registry import BYTES, AskedCounter, BoundedHistogram

# Steps, kinds of deliveries and endpoints: their rooms know them, and they are few.
HANDLERS = Bound(most=300)

HANDLER_SECONDS = BoundedHistogram(
    "nofx_handler_duration_seconds",
    "Wall time of one call of a handler: of a step, a delivery or a request.",
    {"handler": HANDLERS},
)
HANDLER_CPU = AskedCounter(
    "nofx_handler_cpu_seconds_total",
    "Processor time of this process's own code in a handler and the tasks that it"
    " started; sandboxed children and the database's driver are not in it.",
    {"handler": HANDLERS},
)
HANDLER_MEMORY = BoundedHistogram(
    "nofx_handler_memory_bytes",
    "Peak memory of a sandboxed child that a handler ran.",
    {"handler": HANDLERS},
    buckets=BYTES,
)
