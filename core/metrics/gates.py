"""Gates: what they decided, and what people decided after how long."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedCounter, BoundedHistogram, LateGauge

GATES = Bound()
CONCLUSIONS = Bound(
    *("action_required", "cancelled", "failure", "neutral"),
    *("success", "skipped", "timed_out"),
)
DECISIONS = Bound("approve", "reject", "waive", "retry")

VERDICTS = BoundedCounter(
    "nofx_gate_verdicts_total",
    "Verdicts of gates that this process recorded, by gate and conclusion.",
    {"gate": GATES, "conclusion": CONCLUSIONS},
)
APPROVALS = BoundedCounter(
    "nofx_approvals_total",
    "Decisions of people about gates that this process recorded.",
    {"gate": GATES, "decision": DECISIONS},
)
PENDING = LateGauge(
    "nofx_approvals_pending",
    "Runs that wait for a person's approval, in the whole service. The same in every"
    " process that serves HTTP.",
)
APPROVAL_WAIT = BoundedHistogram(
    "nofx_approval_wait_seconds",
    "Time from a gate asking for approval to a person's decision.",
    {"decision": DECISIONS},
    buckets=(1, 10, 60, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200, 604_800),
)
