"""The state tables: a transition that is not a row here does not exist."""

from enum import StrEnum

from core.events.machines import Machine, Transition, mermaid
from core.review.ledger.states import FINDING

__all__ = [
    "EFFECT",
    "FINDING",
    "GATE",
    "MACHINES",
    "RUN",
    "STEP",
    "STOPPED",
    "Machine",
    "Status",
    "Transition",
    "mermaid",
]


class Status(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_GATE = "waiting_gate"
    GATE_FAILED = "gate_failed"
    RETRY_WAIT = "retry_wait"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD = "dead"


RUN = Machine(
    "run",
    (
        Transition("enqueue", (None,), Status.QUEUED),
        Transition("claim", (Status.QUEUED,), Status.RUNNING),
        Transition("open_gate", (Status.RUNNING,), Status.WAITING_GATE),
        Transition("pass_gate", (Status.WAITING_GATE,), Status.QUEUED),
        Transition(
            "reject_gate", (Status.RUNNING, Status.WAITING_GATE), Status.GATE_FAILED
        ),
        Transition("retry_gate", (Status.GATE_FAILED,), Status.QUEUED),
        Transition("abandon", (Status.GATE_FAILED,), Status.FAILED),
        Transition("back_off", (Status.RUNNING,), Status.RETRY_WAIT),
        Transition("wait_turn", (Status.RUNNING,), Status.RETRY_WAIT),
        Transition("due", (Status.RETRY_WAIT,), Status.QUEUED),
        Transition("lose_lease", (Status.RUNNING,), Status.QUEUED),
        Transition(
            "pause",
            (Status.QUEUED, Status.RUNNING, Status.RETRY_WAIT),
            Status.PAUSED,
        ),
        Transition("resume", (Status.PAUSED,), Status.QUEUED),
        Transition("request_cancel", (Status.RUNNING,), Status.CANCELLING),
        Transition("finish_cancel", (Status.CANCELLING,), Status.CANCELLED),
        Transition(
            "cancel",
            (
                Status.QUEUED,
                Status.PAUSED,
                Status.RETRY_WAIT,
                Status.WAITING_GATE,
                Status.GATE_FAILED,
            ),
            Status.CANCELLED,
        ),
        Transition("succeed", (Status.RUNNING,), Status.SUCCEEDED),
        Transition("fail", (Status.RUNNING,), Status.FAILED),
        Transition("exhaust", (Status.RUNNING,), Status.DEAD),
    ),
    terminal=frozenset(
        {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.DEAD}
    ),
)

STEP = Machine(
    "step",
    (
        Transition("start", ("pending",), "running"),
        Transition("succeed", ("running", "effect_intent", "reconciling"), "succeeded"),
        Transition("fail", ("running",), "failed"),
        Transition("skip", ("pending", "running"), "skipped"),
        Transition("cancel", ("running", "retry_wait", "effect_intent"), "cancelled"),
        Transition("back_off", ("running",), "retry_wait"),
        Transition("due", ("retry_wait",), "pending"),
        Transition("lose", ("running",), "pending"),
        Transition("hold", ("running",), "pending"),
        Transition("reuse", ("pending",), "reused"),
        Transition("intend", ("running",), "effect_intent"),
        Transition("reconcile", ("effect_intent",), "reconciling"),
        Transition("redo", ("reconciling",), "pending"),
    ),
    terminal=frozenset({"succeeded", "failed", "skipped", "cancelled", "reused"}),
)

GATE = Machine(
    "gate",
    (
        Transition("open", (None,), "opened"),
        Transition("skip", (None,), "skipped"),
        Transition("pass", ("opened",), "passed"),
        Transition("fail", ("opened",), "failed"),
        Transition("ask", ("opened",), "waiting_approval"),
        Transition("approve", ("waiting_approval",), "approved"),
        Transition("reject", ("waiting_approval",), "rejected"),
        Transition("waive", ("waiting_approval", "failed", "rejected"), "waived"),
        Transition("reopen", ("failed", "rejected"), "opened"),
    ),
    terminal=frozenset({"passed", "approved", "waived", "skipped"}),
)

EFFECT = Machine(
    "effect",
    (
        Transition("intend", (None, "failed", "missing"), "intended"),
        Transition("perform", ("intended",), "performed"),
        Transition("find", ("intended",), "performed"),
        Transition("miss", ("intended",), "missing"),
        Transition("fail", ("intended",), "failed"),
        Transition("inherit", (None,), "performed"),
    ),
)

# Where a gate stands that stops its run.
STOPPED = frozenset({"failed", "rejected"})
MACHINES = (RUN, STEP, GATE, FINDING, EFFECT)
