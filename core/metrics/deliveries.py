"""Deliveries of webhooks: how each was taken in, and how it ended."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter

EVENTS = Bound()
RESULTS = Bound(
    *("received", "duplicate", "ignored", "refused", "done", "retried", "dead"),
    "missed",
)

DELIVERIES = BoundedCounter(
    "nofx_deliveries_total",
    "Deliveries by what became of them: received (stored) or refused or a duplicate at"
    " the door; then ignored, done, retried or dead. Missed are those that did not"
    " arrive, and that GitHub was asked to send again.",
    {"event": EVENTS, "result": RESULTS},
)
