"""What happens at gates: reached, judged, put before people, decided by them."""

from typing import ClassVar, Literal

from core.events.base import Move

Decision = Literal["approve", "reject", "waive", "retry"]


class GateMove(Move):
    """A gate moves; `subject` is its name."""

    machine: ClassVar[str] = "gate"


class GateOpened(GateMove):
    """A gate is reached, or reached again."""

    transitions: ClassVar[frozenset[str]] = frozenset({"open"})
    type: Literal["gate.opened"] = "gate.opened"


class GateVerdictRecorded(GateMove):
    """A gate has decided: the check's conclusion and the reason that is shown."""

    transitions: ClassVar[frozenset[str]] = frozenset({"pass", "fail", "skip"})
    type: Literal["gate.verdict_recorded"] = "gate.verdict_recorded"
    conclusion: str
    reason: str


class ApprovalRequested(GateMove):
    """A gate waits for a person to say yes or no to this head."""

    transitions: ClassVar[frozenset[str]] = frozenset({"ask"})
    type: Literal["approval.requested"] = "approval.requested"
    reason: str
    head_sha: str


class ApprovalRecorded(GateMove):
    """A person has decided about a gate, for this head alone; the commit says when."""

    transitions: ClassVar[frozenset[str]] = frozenset(
        {"approve", "reject", "waive", "reopen"}
    )
    type: Literal["approval.recorded"] = "approval.recorded"
    decision: Decision
    actor: str
    reason: str
    head_sha: str
