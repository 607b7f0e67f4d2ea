"""The state tables: a transition that is not a row here does not exist."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.errors import IllegalTransitionError


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


@dataclass(frozen=True, slots=True)
class Transition:
    """A named way from some states (None: from not being) to one state."""

    name: str
    from_: tuple[str | None, ...]
    to: str


# What people ask for, by the transition that it becomes.
PEOPLE = {
    "pause": "pause",
    "resume": "resume",
    "cancel": "cancel",
    "request_cancel": "cancel",
    "approve": "approve",
    "reject": "reject",
    "waive": "waive",
    "reopen": "retry",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """One kind of thing with a state, and every move that it can make."""

    name: str
    transitions: tuple[Transition, ...]
    terminal: frozenset[str] = frozenset()

    def step(self, transition: str, from_: str | None) -> str:
        """Return the state that `transition` leads to from `from_`.

        Raises IllegalTransitionError when the table has no such row.
        """
        for row in self.transitions:
            if row.name == transition and from_ in row.from_:
                return row.to
        raise IllegalTransitionError(
            machine=self.name,
            state=from_ or "none",
            transition=transition,
            moves=", ".join(self.for_people(from_)) or "nothing",
        )

    def for_people(self, from_: str | None) -> tuple[str, ...]:
        """Return what people can ask for in a state, in their words."""
        if self.name == "run" and from_ in self.terminal:
            return ("rerun it", "branch from it")
        rows = (row.name for row in self.transitions if from_ in row.from_)
        return tuple(dict.fromkeys(PEOPLE[name] for name in rows if name in PEOPLE))

    def rows(self) -> Iterator[tuple[str, str | None, str]]:
        """Yield each `(transition, from, to)`."""
        for row in self.transitions:
            for from_ in row.from_:
                yield row.name, from_, row.to

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the distinct `(from, to)` pairs of what already is, in order."""
        return tuple(sorted({(f, to) for _, f, to in self.rows() if f is not None}))

    def states(self) -> tuple[str, ...]:
        """Return every state, in the order in which the table first names it."""
        named = (s for row in self.transitions for s in (*row.from_, row.to))
        return tuple(dict.fromkeys(s for s in named if s is not None))


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

FINDING = Machine(
    "finding",
    (
        Transition("propose", (None,), "proposed"),
        Transition("verify", ("proposed",), "verified"),
        Transition("filter", ("proposed",), "filtered"),
        Transition("anchor", ("verified",), "anchored"),
        Transition("unanchor", ("verified",), "unanchored"),
        Transition("post", ("anchored",), "posted"),
        Transition("demote", ("anchored",), "unanchored"),
        Transition("summarise", ("unanchored",), "summarised"),
        Transition("address", ("posted",), "addressed"),
        Transition("dispute", ("posted",), "disputed"),
        Transition("dismiss", ("posted",), "dismissed"),
        Transition("waive", ("posted",), "waived"),
        Transition("outdate", ("posted",), "outdated"),
    ),
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


def mermaid(machine: Machine) -> str:
    """Return the machine as a Mermaid state diagram, rows in the table's order."""
    lines = ["stateDiagram-v2"]
    for name, from_, to in machine.rows():
        lines.append(f"    {from_ or '[*]'} --> {to}: {name}")
    lines.extend(
        f"    {state} --> [*]"
        for state in machine.states()
        if state in machine.terminal
    )
    return "\n".join(lines)
