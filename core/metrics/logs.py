"""The log: how many lines, by level."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter

LEVELS = Bound("debug", "info", "warning", "error", "critical")

LOG_LINES = BoundedCounter(
    "nofx_log_lines_total", "Lines that were logged, by level.", {"level": LEVELS}
)
